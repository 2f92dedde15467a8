#include "raft/codec.h"

#include <fmt/core.h>
#include <utility>

#include "raft/membership.h"
#include "raft/message.h"

namespace cairn::raft {
namespace {

constexpr uint8_t message_version = 1;

void put_bool(ByteWriter& out, bool value) {
    out.put(static_cast<uint8_t>(value ? 1 : 0));
}

void put_position(ByteWriter& out, Position position) {
    out.put(position.index);
    out.put(position.term);
}

void get_position(ByteReader& in, Position& position) {
    in.get(position.index);
    in.get(position.term);
}

struct PutBody {
    ByteWriter& out;

    void operator()(const VoteRequest& body) const {
        put_bool(out, body.pre_vote);
        put_bool(out, body.transfer);
        put_position(out, body.last);
    }
    void operator()(const VoteResponse& body) const {
        put_bool(out, body.pre_vote);
        put_bool(out, body.granted);
    }
    void operator()(const AppendRequest& body) const {
        put_position(out, body.previous);
        out.put(body.commit);
        out.put(static_cast<uint32_t>(body.entries.size()));
        for (const Entry& entry : body.entries)
            put_entry(out, entry);
    }
    void operator()(const AppendResponse& body) const {
        put_bool(out, body.accepted);
        out.put(body.index);
        put_position(out, body.hint);
    }
    void operator()(const HeartbeatRequest& body) const {
        out.put(body.commit);
        out.put(body.round);
    }
    void operator()(const HeartbeatResponse& body) const { out.put(body.round); }
    void operator()(const TimeoutNow& /*body*/) const {}
};

void get_body(ByteReader& in, VoteRequest& body) {
    in.get(body.pre_vote);
    in.get(body.transfer);
    get_position(in, body.last);
}
void get_body(ByteReader& in, VoteResponse& body) {
    in.get(body.pre_vote);
    in.get(body.granted);
}
void get_body(ByteReader& in, AppendRequest& body) {
    get_position(in, body.previous);
    in.get(body.commit);
    const uint32_t count = in.get_count(entry_overhead_bytes);
    for (uint32_t i = 0; i < count && in.ok(); i++)
        body.entries.push_back(get_entry(in));
}
void get_body(ByteReader& in, AppendResponse& body) {
    in.get(body.accepted);
    in.get(body.index);
    get_position(in, body.hint);
}
void get_body(ByteReader& in, HeartbeatRequest& body) {
    in.get(body.commit);
    in.get(body.round);
}
void get_body(ByteReader& in, HeartbeatResponse& body) {
    in.get(body.round);
}
void get_body(ByteReader& /*in*/, TimeoutNow& /*body*/) {}

template <size_t... kinds>
void get_body_of_kind(ByteReader& in, size_t kind, MessageBody& body,
                      std::index_sequence<kinds...> /*all*/) {
    const bool known =
        ((kind == kinds ? (get_body(in, body.emplace<kinds>()), true) : false) || ...);
    if (!known)
        in.fail();
}

}  // namespace

void put_message(ByteWriter& out, const Message& message) {
    out.put(message_version);
    out.put(static_cast<uint8_t>(message.body.index()));
    out.put_zeros(2);
    out.put(message.from);
    out.put(message.to);
    out.put(message.term);
    std::visit(PutBody{out}, message.body);
}

Bytes encode_message(const Message& message) {
    size_t size = 64;
    if (const auto* append = std::get_if<AppendRequest>(&message.body))
        for (const Entry& entry : append->entries)
            size += size_of(entry);
    Bytes bytes;
    bytes.reserve(size);
    ByteWriter out(bytes);
    put_message(out, message);
    return bytes;
}

Result<Message> decode_message(ByteView bytes) {
    ByteReader in(bytes);
    const auto version = in.read<uint8_t>();
    if (in.ok() && version != message_version)
        return Error(Code::version_mismatch,
                     fmt::format("raft message of version {}, this program speaks version {}",
                                 version, message_version));
    const auto kind = in.read<uint8_t>();
    if (in.read<uint16_t>() != 0)
        in.fail();
    Message message;
    in.get(message.from);
    in.get(message.to);
    in.get(message.term);
    get_body_of_kind(in, kind, message.body,
                     std::make_index_sequence<std::variant_size_v<MessageBody>>());
    if (!in.finished())
        return Error(Code::corrupt, "raft message: malformed");
    if (const auto valid = check_message(message); !valid)
        return Error(Code::corrupt, valid.error().message());
    return message;
}

void put_entry(ByteWriter& out, const Entry& entry) {
    out.put(entry.term);
    out.put(entry.index);
    out.put(entry.kind);
    out.put_bytes(entry.payload.view());
}

Entry get_entry(ByteReader& in) {
    Entry entry;
    in.get(entry.term);
    in.get(entry.index);
    const auto kind = in.read<uint8_t>();
    if (kind > static_cast<uint8_t>(EntryKind::membership))
        in.fail();
    entry.kind = static_cast<EntryKind>(kind);
    const ByteView payload = in.get_bytes();
    // A copy, so that an entry does not keep a whole received frame alive.
    if (!payload.empty())
        entry.payload = Buffer::copy_of(payload);
    return entry;
}

void put_hard_state(ByteWriter& out, const HardState& state) {
    out.put(state.term);
    out.put(state.vote);
    out.put(state.commit);
}

HardState get_hard_state(ByteReader& in) {
    HardState state;
    in.get(state.term);
    in.get(state.vote);
    in.get(state.commit);
    return state;
}

void put_snapshot_meta(ByteWriter& out, const SnapshotMeta& meta) {
    out.put(meta.index);
    out.put(meta.term);
    put_membership(out, meta.membership);
}

SnapshotMeta get_snapshot_meta(ByteReader& in) {
    SnapshotMeta meta;
    in.get(meta.index);
    in.get(meta.term);
    meta.membership = get_membership(in);
    return meta;
}

}  // namespace cairn::raft
