// Where a file system begins on its disk, as far as Linux says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cairn::real {

// The byte at which the partition under `path` begins; none where that is not one partition of a
// disk.
[[nodiscard]] std::optional<uint64_t> partition_start(const std::string& path);

}  // namespace cairn::real
