#include "wire/frame.h"

#include <algorithm>
#include <cstring>
#include <fmt/core.h>

#include "base/checksum.h"

namespace cairn {

namespace {

constexpr uint32_t frame_magic = 0x464E5243;  // "CRNF"
constexpr size_t magic_offset = 0;
constexpr size_t version_offset = 4;
constexpr size_t method_offset = 6;
constexpr size_t request_offset = 8;
constexpr size_t kind_offset = 16;
constexpr size_t zero_byte_offset = 17;
constexpr size_t status_offset = 18;
constexpr size_t body_length_offset = 20;
constexpr size_t payload_length_offset = 24;
constexpr size_t deadline_offset = 28;
constexpr size_t expected_reply_offset = 32;
constexpr size_t zeros_offset = 36;
constexpr size_t checksum_offset = 56;

using RawHeader = std::span<const std::byte, frame_header_size>;

template <WireNumber T>
void store(FrameHeaderBytes& out, size_t offset, T value) {
    std::memcpy(out.data() + offset, &value, sizeof value);
}

template <WireNumber T>
T load(RawHeader raw, size_t offset) {
    T value;
    std::memcpy(&value, raw.data() + offset, sizeof value);
    return value;
}

uint64_t checksum_of(RawHeader raw, ByteView body) {
    return checksum(raw.first<checksum_offset>(), checksum(body));
}

bool is_zero(ByteView bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

// What a kind does not use must be unset, so that it can be given a meaning later.
bool fields_suit_kind(const FrameHeader& header) {
    switch (header.kind) {
        case FrameKind::request: return header.status == Code::ok;
        case FrameKind::response: return header.deadline_ms == 0 && header.expected_reply == 0;
        case FrameKind::notification:
            return header.status == Code::ok && header.request == 0 && header.deadline_ms == 0 &&
                   header.expected_reply == 0;
        case FrameKind::ping: return header == FrameHeader{.version = header.version};
    }
    return false;
}

}  // namespace

FrameHeaderBytes encode_frame_header(const FrameHeader& header, ByteView body) {
    CHECK(body.size() == header.body_length);
    CHECK(header.body_length <= frame_body_max && header.payload_length <= frame_payload_max);
    CHECK(fields_suit_kind(header));
    FrameHeaderBytes out{};
    store(out, magic_offset, frame_magic);
    store(out, version_offset, header.version);
    store(out, method_offset, header.method);
    store(out, request_offset, header.request);
    store(out, kind_offset, header.kind);
    store(out, status_offset, header.status);
    store(out, body_length_offset, header.body_length);
    store(out, payload_length_offset, header.payload_length);
    store(out, deadline_offset, header.deadline_ms);
    store(out, expected_reply_offset, header.expected_reply);
    store(out, checksum_offset, checksum_of(out, body));
    return out;
}

Result<FrameHeader> decode_frame_header(RawHeader raw, uint16_t version) {
    if (load<uint32_t>(raw, magic_offset) != frame_magic)
        return Error(Code::corrupt, "the connection carries something that is not a frame");
    FrameHeader header;
    header.version = load<uint16_t>(raw, version_offset);
    if (header.version != version) {
        return Error(Code::version_mismatch,
                     fmt::format("a frame of protocol version {}, agreed on was {}", header.version,
                                 version));
    }
    header.method = load<Method>(raw, method_offset);
    header.request = load<uint64_t>(raw, request_offset);
    header.kind = load<FrameKind>(raw, kind_offset);
    header.status = load<Code>(raw, status_offset);
    header.body_length = load<uint32_t>(raw, body_length_offset);
    header.payload_length = load<uint32_t>(raw, payload_length_offset);
    header.deadline_ms = load<uint32_t>(raw, deadline_offset);
    header.expected_reply = load<uint32_t>(raw, expected_reply_offset);
    if (header.body_length > frame_body_max || header.payload_length > frame_payload_max) {
        return Error(Code::too_large,
                     fmt::format("a frame with a body of {} and a payload of {} bytes",
                                 header.body_length, header.payload_length));
    }
    const bool zeros = raw[zero_byte_offset] == std::byte{0} &&
                       is_zero(raw.subspan(zeros_offset, checksum_offset - zeros_offset));
    if (!zeros || !fields_suit_kind(header))
        return Error(Code::corrupt, "a frame header that does not hold together");
    return header;
}

bool verify_frame(RawHeader raw, ByteView body) {
    return load<uint64_t>(raw, checksum_offset) == checksum_of(raw, body);
}

}  // namespace cairn
