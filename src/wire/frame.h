// Frame: the unit in which requests, responses and notifications travel over a connection that has
// shaken hands (wire/hello.h). A fixed header, then a body (one encoded message), then a payload
// (raw block data). The frame's checksum covers header and body; the payload is not covered,
// because its blocks carry checksums of their own that are verified where the data is made and
// where it is used. Pure: no I/O.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "base/size.h"
#include "wire/methods.h"

namespace cairn {

// The header, little-endian:
//
//      0  u32  magic "CRNF"            28  u32  deadline: milliseconds left, 0 = none
//      4  u16  protocol version        32  u32  expected reply: bytes of body and payload
//      6  u16  method                  36  20 zero bytes
//      8  u64  request id              56  u64  checksum: XXH3-64 of bytes 0..55, seeded with
//     16  u8   kind                             the XXH3-64 of the body
//     17  u8   zero
//     18  u16  status (cairn::Code)
//     20  u32  body length             64  body, then payload
//     24  u32  payload length
constexpr size_t frame_header_size = 64;
constexpr uint32_t frame_body_max = 1 * mib;
constexpr uint32_t frame_payload_max = 4 * mib;

// The protocol versions that this program speaks; a handshake chooses the highest that both do.
constexpr uint16_t protocol_version_min = 1;
constexpr uint16_t protocol_version_max = 1;

enum class FrameKind : uint8_t {
    request = 1,       // asks for one response under the same request id
    response = 2,      // status ok and a body, or an error's code and its text as the body
    notification = 3,  // from server to client, unasked, never answered
    ping = 4,          // says only that its sender lives; never answered
};

struct FrameHeader {
    uint16_t version = protocol_version_max;
    Method method{};
    uint64_t request = 0;
    FrameKind kind = FrameKind::ping;
    Code status = Code::ok;
    uint32_t body_length = 0;
    uint32_t payload_length = 0;
    uint32_t deadline_ms = 0;
    // What the caller makes room for; both ends count it as bytes in flight from the start.
    uint32_t expected_reply = 0;

    bool operator==(const FrameHeader&) const = default;
};

// A whole frame as it was received. Body and payload may share one allocation.
struct Frame {
    FrameHeader header;
    Buffer body;
    Buffer payload;
};

using FrameHeaderBytes = std::array<std::byte, frame_header_size>;

// `body` must have the header's body length.
[[nodiscard]] FrameHeaderBytes encode_frame_header(const FrameHeader& header, ByteView body);

// Checks all but the checksum, for which the body is needed: corrupt, version_mismatch or
// too_large. `version` is the one that the handshake chose.
[[nodiscard]] Result<FrameHeader> decode_frame_header(
    std::span<const std::byte, frame_header_size> raw, uint16_t version);

// Whether header and body are what was sent.
[[nodiscard]] bool verify_frame(std::span<const std::byte, frame_header_size> raw, ByteView body);

}  // namespace cairn
