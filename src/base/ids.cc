#include "base/ids.h"

#include <charconv>
#include <fmt/core.h>

namespace cairn {

std::string to_string(const ClusterId& id) {
    std::string text;
    for (size_t i = 0; i < id.bytes.size(); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text += '-';
        text += fmt::format("{:02x}", id.bytes[i]);
    }
    return text;
}

Result<ClusterId> parse_cluster_id(std::string_view text) {
    ClusterId id;
    size_t at = 0;
    const Error malformed(Code::invalid_argument,
                          fmt::format("'{}' is not a cluster id (a UUID)", text));
    for (size_t i = 0; i < id.bytes.size(); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (at >= text.size() || text[at] != '-')
                return malformed;
            at++;
        }
        if (at + 2 > text.size())
            return malformed;
        const char* first = text.data() + at;
        auto [end, problem] = std::from_chars(first, first + 2, id.bytes[i], 16);
        if (problem != std::errc() || end != first + 2)
            return malformed;
        at += 2;
    }
    if (at != text.size())
        return malformed;
    return id;
}

std::string to_string(HostId id) {
    return fmt::format("{:016x}", id.number);
}

Result<HostId> parse_host_id(std::string_view text) {
    HostId id;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id.number, 16);
    if (text.size() != 16 || problem != std::errc() || end != text.data() + text.size() ||
        id.is_none())
        return Error(
            Code::invalid_argument,
            fmt::format("'{}' is not a host id: 16 hexadecimal digits, not all zero", text));
    return id;
}

}  // namespace cairn
