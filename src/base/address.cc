#include "base/address.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

namespace cairn {

namespace {

bool is_ip4(std::string_view text) {
    int parts = 0;
    const char* at = text.data();
    const char* end = text.data() + text.size();
    while (true) {
        uint8_t part = 0;
        auto [next, problem] = std::from_chars(at, end, part);
        if (problem != std::errc() || ++parts > 4)
            return false;
        if (next == end)
            return parts == 4;
        if (*next != '.')
            return false;
        at = next + 1;
    }
}

// Enough to tell an address from a name; the kernel has the last word when it is bound.
bool is_ip6(std::string_view text) {
    return std::count(text.begin(), text.end(), ':') >= 2 &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
                      c == ':' || c == '.';
           });
}

}  // namespace

std::string to_string(const Address& address) {
    if (address.is_unix())
        return address.host;
    if (address.host.find(':') != std::string::npos)
        return fmt::format("[{}]:{}", address.host, address.port);
    return fmt::format("{}:{}", address.host, address.port);
}

Result<Address> parse_address(std::string_view text, uint16_t default_port) {
    const Error malformed(
        Code::invalid_argument,
        fmt::format("'{}' is not an address: use IP or IP:PORT, as in 10.0.0.1:2510", text));
    if (text.starts_with('/'))
        return Address{std::string(text), 0};
    std::string_view host = text;
    std::string_view port_text;
    bool has_port = false;
    if (text.starts_with('[')) {
        const size_t close = text.find(']');
        if (close == std::string_view::npos)
            return malformed;
        host = text.substr(1, close - 1);
        port_text = text.substr(close + 1);
        has_port = !port_text.empty();
        if (has_port && port_text[0] != ':')
            return malformed;
        if (has_port)
            port_text.remove_prefix(1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        const size_t colon = text.find(':');
        host = text.substr(0, colon);
        port_text = text.substr(colon + 1);
        has_port = true;
    }
    uint16_t port = default_port;
    if (has_port) {
        auto [end, problem] =
            std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
        if (problem != std::errc() || end != port_text.data() + port_text.size())
            return malformed;
    }
    if (!is_ip4(host) && !is_ip6(host))
        return malformed;
    return Address{std::string(host), port};
}

void put(ByteWriter& writer, const Address& address) {
    writer.put_text(address.host);
    writer.put(address.port);
}

void get(ByteReader& reader, Address& address) {
    address.host = reader.get_text();
    reader.get(address.port);
}

}  // namespace cairn
