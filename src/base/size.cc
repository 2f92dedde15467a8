#include "base/size.h"

#include <array>
#include <charconv>
#include <fmt/core.h>

namespace cairn {

namespace {
constexpr std::array<std::string_view, 7> unit_names = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
}

std::string size_text(uint64_t bytes) {
    size_t unit = 0;
    uint64_t scale = 1;
    while (unit + 1 < unit_names.size() && bytes / scale >= 1024) {
        scale *= 1024;
        unit++;
    }
    const uint64_t whole = bytes / scale;
    // Tenths are cut, not rounded: free space is never shown as more than it is.
    const uint64_t tenths =
        static_cast<uint64_t>(static_cast<unsigned __int128>(bytes % scale) * 10 / scale);
    if (unit > 0 && whole < 10 && tenths > 0)
        return fmt::format("{}.{}{}", whole, tenths, unit_names[unit]);
    return fmt::format("{}{}", whole, unit_names[unit]);
}

Result<uint64_t> parse_size(std::string_view text) {
    const Error malformed(
        Code::invalid_argument,
        fmt::format("'{}' is not a size: use a number with K, M, G, T or P, as in 10G", text));
    uint64_t count = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (problem != std::errc())
        return malformed;
    std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
    constexpr std::string_view letters = "KMGTPE";
    uint64_t scale = 1;
    if (!unit.empty() && unit != "B") {
        const char letter = static_cast<char>(unit[0] >= 'a' ? unit[0] - 'a' + 'A' : unit[0]);
        const size_t power = letters.find(letter);
        const std::string_view rest = unit.substr(1);
        if (power == std::string_view::npos || !(rest.empty() || rest == "B" || rest == "iB"))
            return malformed;
        scale <<= 10 * (power + 1);
    }
    uint64_t total = 0;
    if (__builtin_mul_overflow(count, scale, &total))
        return malformed;
    return total;
}

}  // namespace cairn
