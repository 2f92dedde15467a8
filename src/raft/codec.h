// How messages travel and how persistent state is stored: little-endian, laid out by hand. Decoding
// takes foreign bytes: it bounds every count by what is there, and refuses what an honest server
// never writes. The containers around it (frames, log records, snapshot files) bring their own
// magic, length and checksum.
//
//   message     u8 version (1), u8 kind, u16 zero, u32 from, u32 to, u64 term, then by kind:
//     0 vote request        u8 pre_vote, u8 transfer, position last
//     1 vote response       u8 pre_vote, u8 granted
//     2 append request      position previous, u64 commit, u32 count, entries
//     3 append response     u8 accepted, u64 index, position hint
//     4 heartbeat request   u64 commit, u64 round
//     5 heartbeat response  u64 round
//     6 timeout now         nothing
//   position    u64 index, u64 term
//   entry       u64 term, u64 index, u8 kind, u32 length, payload
//   hard state  u64 term, u32 vote, u64 commit
//   snapshot    u64 index, u64 term, membership (membership.h)
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "raft/types.h"

namespace cairn::raft {

void put_message(ByteWriter& out, const Message& message);
[[nodiscard]] Bytes encode_message(const Message& message);
// version_mismatch for another version, corrupt for anything that is not a well-formed message.
[[nodiscard]] Result<Message> decode_message(ByteView bytes);

void put_entry(ByteWriter& out, const Entry& entry);
// A failure shows in in.ok(), as with every read.
[[nodiscard]] Entry get_entry(ByteReader& in);

void put_hard_state(ByteWriter& out, const HardState& state);
[[nodiscard]] HardState get_hard_state(ByteReader& in);

void put_snapshot_meta(ByteWriter& out, const SnapshotMeta& meta);
[[nodiscard]] SnapshotMeta get_snapshot_meta(ByteReader& in);

}  // namespace cairn::raft
