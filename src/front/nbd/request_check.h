// Which requests are refused before they reach the device, and what a request may cost. Pure. The
// checks come from the protocol: a client that keeps to what it was told meets none of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "block/block_device.h"
#include "front/nbd/protocol.h"

namespace cairn::nbd {

// An export as one connection sees it.
struct ServedExport {
    uint64_t size = 0;
    block::DeviceLimits limits;
    bool read_only = false;
    bool structured_replies = false;
    bool block_status = false;
};

struct Refusal {
    WireError error{};
    std::string_view reason;  // a constant
};

[[nodiscard]] std::optional<Refusal> refuse(const Request& request, const ServedExport& served);

// Whether a payload follows that is so long that the connection is ended rather than read on: no
// client that was told the limit sends it.
[[nodiscard]] bool is_absurd(const Request& request, const ServedExport& served);

// What a request counts against the bytes that a connection may have in flight: its payload, and
// something for itself.
[[nodiscard]] uint64_t cost_of(const Request& request, const ServedExport& served);

// The TransmissionFlags of a device, without send_df.
[[nodiscard]] uint16_t transmission_flags(const block::DeviceLimits& limits, bool read_only);

// How many bytes at the start of `content` are alike: zeros in whole blocks, or anything else up to
// the next block of zeros. `offset` is where they lie, blocks being counted from 0.
struct ContentRun {
    size_t size = 0;
    bool is_zero = false;
};
[[nodiscard]] ContentRun first_run(ByteView content, uint64_t offset);

}  // namespace cairn::nbd
