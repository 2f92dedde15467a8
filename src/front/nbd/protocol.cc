#include "front/nbd/protocol.h"

#include <algorithm>

#include "base/big_endian.h"
#include "base/check.h"

namespace cairn::nbd {

namespace {

constexpr uint16_t chunk_done = 1;

uint32_t state_of(block::ExtentKind kind) {
    switch (kind) {
        case block::ExtentKind::data: return 0;
        case block::ExtentKind::zero: return state_zero;
        case block::ExtentKind::hole: return state_hole | state_zero;
    }
    return 0;
}

}  // namespace

WireError wire_error_of(Code code) {
    switch (code) {
        case Code::ok: return WireError::none;
        case Code::permission_denied:
        case Code::read_only:
        case Code::authentication_failed: return WireError::not_permitted;
        case Code::invalid_argument:
        case Code::out_of_range: return WireError::invalid;
        case Code::no_space: return WireError::no_space;
        case Code::overloaded: return WireError::no_memory;
        case Code::too_large: return WireError::overflow;
        case Code::not_supported: return WireError::not_supported;
        default: return WireError::io;
    }
}

Bytes encode_greeting() {
    Bytes out;
    BigEndianWriter writer(out);
    writer.put(greeting_magic);
    writer.put(option_magic);
    writer.put(static_cast<uint16_t>(fixed_newstyle | no_zeroes));
    return out;
}

Bytes encode_option_reply(Option option, OptionReply reply, ByteView data) {
    Bytes out;
    BigEndianWriter writer(out);
    writer.put(option_reply_magic);
    writer.put(option);
    writer.put(reply);
    writer.put(static_cast<uint32_t>(data.size()));
    writer.put_raw(data);
    return out;
}

Result<OptionHeader> decode_option_header(ByteView header) {
    CHECK(header.size() == option_header_size);
    BigEndianReader reader(header);
    if (reader.read<uint64_t>() != option_magic)
        return Error(Code::corrupt, "the client sent something that is not an NBD option");
    OptionHeader decoded;
    decoded.option = reader.read<Option>();
    decoded.length = reader.read<uint32_t>();
    return decoded;
}

Result<Request> decode_request(ByteView header) {
    CHECK(header.size() == request_size);
    BigEndianReader reader(header);
    if (reader.read<uint32_t>() != request_magic)
        return Error(Code::corrupt, "the client sent something that is not an NBD request");
    Request request;
    request.flags = reader.read<uint16_t>();
    request.command = reader.read<Command>();
    request.cookie = reader.read<uint64_t>();
    request.offset = reader.read<uint64_t>();
    request.length = reader.read<uint32_t>();
    return request;
}

void append_simple_reply(Bytes& out, uint64_t cookie, WireError error) {
    BigEndianWriter writer(out);
    writer.put(simple_reply_magic);
    writer.put(error);
    writer.put(cookie);
}

void append_chunk(Bytes& out, uint64_t cookie, ChunkType type, bool last, uint32_t length) {
    BigEndianWriter writer(out);
    writer.put(structured_reply_magic);
    writer.put(last ? chunk_done : uint16_t{0});
    writer.put(type);
    writer.put(cookie);
    writer.put(length);
}

void append_error_chunk(Bytes& out, uint64_t cookie, WireError error, std::string_view message) {
    message = message.substr(0, text_max);
    append_chunk(out, cookie, ChunkType::error, true, static_cast<uint32_t>(6 + message.size()));
    BigEndianWriter writer(out);
    writer.put(error);
    writer.put(static_cast<uint16_t>(message.size()));
    writer.put_raw(bytes_of(message));
}

void append_data_chunk(Bytes& out, uint64_t cookie, bool last, uint64_t offset, uint32_t size) {
    append_chunk(out, cookie, ChunkType::offset_data, last, 8 + size);
    BigEndianWriter(out).put(offset);
}

void append_hole_chunk(Bytes& out, uint64_t cookie, bool last, uint64_t offset, uint32_t size) {
    append_chunk(out, cookie, ChunkType::offset_hole, last, 12);
    BigEndianWriter writer(out);
    writer.put(offset);
    writer.put(size);
}

void append_status_chunk(Bytes& out, uint64_t cookie, uint32_t context,
                         std::span<const block::Extent> extents) {
    append_chunk(out, cookie, ChunkType::block_status, true,
                 static_cast<uint32_t>(4 + 8 * extents.size()));
    BigEndianWriter writer(out);
    writer.put(context);
    for (const block::Extent& extent : extents) {
        CHECK(extent.length != 0 && extent.length <= UINT32_MAX);
        writer.put(static_cast<uint32_t>(extent.length));
        writer.put(state_of(extent.kind));
    }
}

}  // namespace cairn::nbd
