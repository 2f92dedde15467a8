#include "runtime/real/host.h"

#include <charconv>
#include <climits>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "base/checksum.h"
#include "runtime/real/shared_memory.h"

namespace cairn::real {

namespace {

Duration duration_of(const timeval& time) {
    return seconds(time.tv_sec) + microseconds(time.tv_usec);
}

}  // namespace

std::string RealHost::name() {
    char name[HOST_NAME_MAX + 1] = {};
    if (::gethostname(name, HOST_NAME_MAX) < 0)
        return "localhost";
    return name;
}

uint64_t RealHost::boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string text;
    // Without it an unclean restart could not be told from a clean one, and data would be trusted
    // that must not be.
    CHECK_NOTE(std::getline(file, text) && !text.empty(),
               "/proc/sys/kernel/random/boot_id cannot be read: is /proc mounted?");
    return checksum(bytes_of(text));
}

Result<std::unique_ptr<SharedMemory>> RealHost::shared_memory(const std::string& path,
                                                              size_t bytes) {
    return RealSharedMemory::open(path, bytes);
}

uint64_t memory_bytes() {
    return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
           static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

ProcessUsage RealHost::usage() {
    ProcessUsage usage;
    rusage raw{};
    if (::getrusage(RUSAGE_SELF, &raw) == 0)
        usage.cpu = duration_of(raw.ru_utime) + duration_of(raw.ru_stime);
    std::ifstream file("/proc/self/statm");  // "TOTAL RESIDENT ..." in pages
    uint64_t total_pages = 0;
    uint64_t resident_pages = 0;
    if (file >> total_pages >> resident_pages)
        usage.resident_bytes = resident_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    return usage;
}

}  // namespace cairn::real
