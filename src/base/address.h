// Address: where a program listens. Numeric only: names are resolved before they come here, because
// a storage system that needs a name server to find its own disks is down when that is.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace cairn {

struct Address {
    std::string host;   // "10.0.0.1", "::1", or for a Unix socket "/path/to/socket"
    uint16_t port = 0;  // 0 for a Unix socket, or where any free port will do

    auto operator<=>(const Address&) const = default;
    [[nodiscard]] bool is_unix() const { return host.starts_with('/'); }
    [[nodiscard]] bool is_none() const { return host.empty(); }
    // The same host, one port up: where an MDS serves chunk servers and clients (MDS-009).
    [[nodiscard]] Address next_port() const { return {host, static_cast<uint16_t>(port + 1)}; }
};

// "10.0.0.1:2510", "[::1]:2510", "/path/to/socket".
[[nodiscard]] std::string to_string(const Address& address);

// "IP", "IP:PORT", "[IP6]", "[IP6]:PORT", bare "IP6", or "/path". Names are refused with an error
// that says so.
[[nodiscard]] Result<Address> parse_address(std::string_view text, uint16_t default_port);

void put(ByteWriter& writer, const Address& address);
void get(ByteReader& reader, Address& address);

}  // namespace cairn
