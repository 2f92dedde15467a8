// The metadata log on disk: segments made of groups. Pure: bytes in, values out; log_store.h keeps
// the files. All numbers are little-endian, padding is zero.
//
// A segment is a file of a fixed size, written once with zeros before its use. Its first 4 KiB
// block begins with the header, one sector; groups follow, each whole 4 KiB units. A group is one
// batch of the consensus: it counts as a whole or not at all.
//
// Header, 512 bytes                         A sector of a group, 512 bytes
//    0  u64 magic "CAIRNML1"                   0  496 bytes of the group's content
//    8  u32 format, 12 u32 mds                496  u64 sequence of the group
//   16  16 cluster id                         504  u64 XXH3-64 of bytes 0..503, seeded with the
//   32  u64 number of the segment                  repository and the sector's place in the file
//   40  u64 size of the file
//   48  u64 sequence of the first group       Content of a group
//   56  u64 chain before it                     0  u32 magic "CMLG", 4 u16 format, 6 u16 flags
//   64  hard state (raft/codec.h)               8  u64 sequence
//   zeros                                      16  u32 length, 20 u32 count of entries
//  504  u64 XXH3-64 of bytes 0..503            24  u64 chain: checksum of the group before
//                                              32  u64 XXH3-64 of bytes 0..31 and 40..length
//                                              40  hard state; if flag 1 is set a snapshot's
//                                                  description; the entries (raft/codec.h)
//
// A disk writes a sector whole or not at all. So after a crash every sector of the group that was
// being written is either new, or wholly what it was before: zeros, or a sector of an older group.
// A group with such old sectors is a tear: it was never acknowledged, and is cut. Anything else
// that does not verify is damage. Only one group is written at a time, and each segment names the
// group with which it begins; so a sector of a later group proves that the one before was on stable
// media.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "meta/node/rules.h"
#include "raft/types.h"

namespace cairn::meta {

constexpr size_t log_sector_size = 512;
constexpr size_t log_sector_content = 496;
constexpr uint64_t log_segment_size_min = uint64_t{16} * 1024;

// Groups count up from 1, over all segments.
using LogSequence = uint64_t;

// Whose log it is: in every checksum, so that files of another server are not taken for ours.
struct LogOwner {
    ClusterId cluster;
    MdsId mds;

    [[nodiscard]] uint64_t seed() const;
};

struct SegmentHeader {
    LogOwner owner;
    uint64_t number = 0;
    uint64_t size = 0;
    LogSequence first_sequence = 1;
    uint64_t first_chain = 0;
    raft::HardState hard_state;  // before the first group
};

// One sector, followed by zeros up to 4 KiB.
[[nodiscard]] Buffer encode_segment_header(const SegmentHeader& header);
// corrupt, version_mismatch, or wrong_cluster (another repository's).
[[nodiscard]] Result<SegmentHeader> decode_segment_header(ByteView block, const LogOwner& owner);

struct LogGroup {
    LogSequence sequence = 0;
    uint64_t chain = 0;
    raft::HardState hard_state;
    // It became the current one, and every entry before this group is gone.
    std::optional<raft::SnapshotMeta> snapshot;
    // They replace what is there from the first one's index on.
    std::vector<raft::Entry> entries;
    uint64_t checksum = 0;  // the chain of the group after this one
};

// Bytes that the group takes in a segment.
[[nodiscard]] uint64_t size_of_group(const raft::HardState& hard_state,
                                     const std::optional<raft::SnapshotMeta>& snapshot,
                                     const std::vector<raft::Entry>& entries);

struct EncodedGroup {
    Buffer sectors;
    uint64_t checksum = 0;
};
// `offset` is where in the file it will stand.
[[nodiscard]] EncodedGroup encode_group(const LogOwner& owner, uint64_t offset,
                                        LogSequence sequence, uint64_t chain,
                                        const raft::HardState& hard_state,
                                        const std::optional<raft::SnapshotMeta>& snapshot,
                                        const std::vector<raft::Entry>& entries);

// What a segment holds.
struct SegmentContent {
    std::vector<LogGroup> groups;
    uint64_t end = 0;  // where the groups end in the file
    LogSequence next_sequence = 0;
    uint64_t next_chain = 0;
    bool torn = false;  // something unacknowledged stood behind the end
};

// `until` is the sequence with which the next segment begins; none for the last segment, whose tail
// may be torn. Fails with corrupt, saying where: nothing of the segment may be used then.
[[nodiscard]] Result<SegmentContent> read_segment(ByteView file, const SegmentHeader& header,
                                                  std::optional<LogSequence> until,
                                                  const LogStoreRules& rules = {});

}  // namespace cairn::meta
