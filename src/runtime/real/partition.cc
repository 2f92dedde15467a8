#include "runtime/real/partition.h"

#include <fmt/core.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace cairn::real {

std::optional<uint64_t> partition_start(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0)
        return std::nullopt;
    std::ifstream file(
        fmt::format("/sys/dev/block/{}:{}/start", major(status.st_dev), minor(status.st_dev)));
    constexpr uint64_t sector = 512;  // what the kernel counts in, whatever the disk does
    uint64_t sectors = 0;
    if (!(file >> sectors))
        return std::nullopt;
    return sectors * sector;
}

}  // namespace cairn::real
