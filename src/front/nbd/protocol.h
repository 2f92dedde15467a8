// The NBD protocol's numbers and layouts (fixed newstyle), as its public description gives them:
// what goes over the wire, in network order, encoded and decoded without I/O. What to answer is
// decided in negotiation.h and transmission.h.
//
//   server: "NBDMAGIC" "IHAVEOPT" handshake-flags:16          client: client-flags:32
//   option:  "IHAVEOPT" option:32 length:32 data              reply: magic:64 option:32 type:32
//   length:32 request: magic:32 flags:16 type:16 cookie:64 offset:64 length:32 (then a write's
//   payload) simple reply:     magic:32 error:32 cookie:64 (then a read's payload) structured
//   reply: magic:32 flags:16 type:16 cookie:64 length:32 payload
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "block/block_device.h"

namespace cairn::nbd {

constexpr uint64_t greeting_magic = 0x4e42444d41474943;  // "NBDMAGIC"
constexpr uint64_t option_magic = 0x49484156454f5054;    // "IHAVEOPT"
constexpr uint64_t option_reply_magic = 0x0003e889045565a9;
constexpr uint32_t request_magic = 0x25609513;
constexpr uint32_t simple_reply_magic = 0x67446698;
constexpr uint32_t structured_reply_magic = 0x668e33ef;

constexpr size_t greeting_size = 18;
constexpr size_t client_flags_size = 4;
constexpr size_t option_header_size = 16;
constexpr size_t option_reply_header_size = 20;
constexpr size_t request_size = 28;
constexpr size_t simple_reply_size = 16;
constexpr size_t structured_header_size = 20;

// The longest name or text of the protocol.
constexpr uint32_t text_max = 4096;

enum HandshakeFlag : uint16_t { fixed_newstyle = 1, no_zeroes = 2 };

enum class Option : uint32_t {
    export_name = 1,
    abort = 2,
    list = 3,
    starttls = 5,
    info = 6,
    go = 7,
    structured_reply = 8,
    list_meta_context = 9,
    set_meta_context = 10,
};

enum class OptionReply : uint32_t {
    ack = 1,
    server = 2,
    info = 3,
    meta_context = 4,
    error_unsupported = 0x80000001,
    error_policy = 0x80000002,
    error_invalid = 0x80000003,
    error_unknown = 0x80000006,
    error_shutdown = 0x80000007,
    error_too_big = 0x80000009,
};

enum class InfoType : uint16_t { exported = 0, name = 1, description = 2, block_size = 3 };

enum TransmissionFlag : uint16_t {
    has_flags = 1 << 0,
    read_only = 1 << 1,
    send_flush = 1 << 2,
    send_fua = 1 << 3,
    send_trim = 1 << 5,
    send_write_zeroes = 1 << 6,
    send_df = 1 << 7,
    can_multi_conn = 1 << 8,
    send_cache = 1 << 10,
    send_fast_zero = 1 << 11,
};

enum class Command : uint16_t {
    read = 0,
    write = 1,
    disconnect = 2,
    flush = 3,
    trim = 4,
    cache = 5,
    write_zeroes = 6,
    block_status = 7,
};

enum CommandFlag : uint16_t {
    fua = 1 << 0,
    no_hole = 1 << 1,
    dont_fragment = 1 << 2,
    request_one = 1 << 3,
    fast_zero = 1 << 4,
};

enum class ChunkType : uint16_t {
    none = 0,
    offset_data = 1,
    offset_hole = 2,
    block_status = 5,
    error = 0x8001,
};

enum BlockState : uint32_t { state_hole = 1, state_zero = 2 };

// Errors as they travel.
enum class WireError : uint32_t {
    none = 0,
    not_permitted = 1,
    io = 5,
    no_memory = 12,
    invalid = 22,
    no_space = 28,
    overflow = 75,
    not_supported = 95,
    shutdown = 108,
};
[[nodiscard]] WireError wire_error_of(Code code);

struct OptionHeader {
    Option option{};
    uint32_t length = 0;
};

struct Request {
    uint16_t flags = 0;
    Command command{};
    uint64_t cookie = 0;
    uint64_t offset = 0;
    uint32_t length = 0;
};

// Handshake.
[[nodiscard]] Bytes encode_greeting();
[[nodiscard]] Bytes encode_option_reply(Option option, OptionReply reply, ByteView data);
// Fails with corrupt where the magic is not there: the stream cannot be followed any more.
[[nodiscard]] Result<OptionHeader> decode_option_header(ByteView header);

// Transmission. `header` has request_size bytes; fails with corrupt as above.
[[nodiscard]] Result<Request> decode_request(ByteView header);
void append_simple_reply(Bytes& out, uint64_t cookie, WireError error);
// A chunk's header; `length` is that of the payload, which the caller sends after it.
void append_chunk(Bytes& out, uint64_t cookie, ChunkType type, bool last, uint32_t length);
// Header, error and message.
void append_error_chunk(Bytes& out, uint64_t cookie, WireError error, std::string_view message);
// Header and offset; `size` bytes of data follow.
void append_data_chunk(Bytes& out, uint64_t cookie, bool last, uint64_t offset, uint32_t size);
void append_hole_chunk(Bytes& out, uint64_t cookie, bool last, uint64_t offset, uint32_t size);
void append_status_chunk(Bytes& out, uint64_t cookie, uint32_t context,
                         std::span<const block::Extent> extents);

}  // namespace cairn::nbd
