// EthernetPort: frames on a wire, for protocols below IP. A frame may be lost, repeated, late or
// out of order, and nobody says so. Closing a port ends what waits on it with Code::cancelled.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/task.h"

namespace cairn {

struct MacAddress {
    std::array<uint8_t, 6> bytes{};

    constexpr auto operator<=>(const MacAddress&) const = default;
    // Broadcast and multicast: for more than one port.
    [[nodiscard]] constexpr bool is_group() const { return (bytes[0] & 1) != 0; }
};

// Destination, source, type: what a frame begins with. The mtu counts what follows.
constexpr size_t ethernet_header_size = 14;

class EthernetPort {
  public:
    virtual ~EthernetPort() = default;
    // Hands one whole frame (header and payload, in slices) to the card, which copies it. Fails
    // with too_large beyond the mtu, and with overloaded while the card takes no more.
    virtual Result<void> send(std::span<const ByteView> slices) = 0;
    // The next frame addressed to this port or to a group, whole.
    virtual Task<Result<Bytes>> receive() = 0;
    virtual void close() = 0;
    [[nodiscard]] virtual const MacAddress& mac() const = 0;
    [[nodiscard]] virtual size_t mtu() const = 0;
};

}  // namespace cairn
