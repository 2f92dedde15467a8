// Sizes in bytes: the units people type and read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cairn {

constexpr uint64_t kib = 1024;
constexpr uint64_t mib = 1024 * kib;
constexpr uint64_t gib = 1024 * mib;
constexpr uint64_t tib = 1024 * gib;

// The unit of atomicity, of checksums and of allocation: whole blocks travel.
constexpr uint32_t block_size = 4096;

[[nodiscard]] constexpr uint64_t align_down(uint64_t value, uint64_t unit) {
    return value / unit * unit;
}
[[nodiscard]] constexpr uint64_t align_up(uint64_t value, uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

// "762B", "250GB", "1.6TB", as the status screens print them (MON-024): powers of 1024, one decimal
// below ten.
[[nodiscard]] std::string size_text(uint64_t bytes);

// "1G", "1GiB", "1GB", "512M", "4096": powers of 1024.
[[nodiscard]] Result<uint64_t> parse_size(std::string_view text);

}  // namespace cairn
