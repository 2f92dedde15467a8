// What a request counts for while it is in flight, on both ends, and how its deadline travels.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"
#include "wire/frame.h"

namespace cairn::rpc {

// For everything about a request that is not its bytes; so a bound on bytes bounds the count too.
constexpr uint64_t request_overhead = 1 * kib;

[[nodiscard]] constexpr uint64_t charge_of(size_t body, size_t payload, uint32_t expected_reply) {
    return request_overhead + body + payload +
           std::min(expected_reply, frame_body_max + frame_payload_max);
}

// Rounded up, never 0 (which means none).
[[nodiscard]] constexpr uint32_t deadline_ms_of(Duration left) {
    const int64_t ms = (left.nanoseconds + 999'999) / 1'000'000;
    return static_cast<uint32_t>(std::clamp<int64_t>(ms, 1, UINT32_MAX));
}

}  // namespace cairn::rpc
