// What a journal's ring looks like on disk. Pure: bytes in, structs out. All numbers are
// little-endian, padding is zero, everything starts at a multiple of 4 KiB.
//
//     superblock (4 KiB) | the same again | ring of `capacity` bytes
//
// A group is a header of 96 bytes, its records, zeros up to a multiple of 4 KiB, and then the
// payloads of the records in order. It may wrap around the end of the ring. A record is
//
//     0  u16 type | 2 u16 zero | 4 u32 length of fields | 8 u32 length of payload | 12 u32 zero
//     16 fields, then zeros up to a multiple of 8
//
// Payloads are whole 4 KiB blocks; whoever wrote them can tell from the record whether they are
// intact (ring_reader.h), so that no block is summed twice.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/size.h"

namespace cairn::journal {

// Of a group; the first has 1. Later means later in time.
using Sequence = uint64_t;

constexpr uint64_t superblock_magic = 0x31534A4E52494143ULL;  // "CAIRNJS1"
constexpr uint64_t group_magic = 0x31474A4E52494143ULL;       // "CAIRNJG1"
constexpr uint32_t ring_version = 1;
constexpr uint64_t ring_offset = uint64_t{2} * block_size;  // where the ring begins in the file
constexpr uint64_t ring_size_min = 64 * kib;                // of the file
constexpr uint32_t group_header_size = 96;
constexpr uint32_t record_header_size = 16;

//  0 u64 magic | 8 u32 version | 12 u32 zero | 16 u64 ring id | 24 u64 capacity | 32 u64 update
// 40 u64 session | 48 u64 start position | 56 u64 start sequence | 64 u64 start chain
// 72 u64 durable sequence | 80 u64 flags (1: records are staged) | zeros
// 4088 u64 checksum of all before
struct Superblock {
    uint64_t ring_id = 0;   // random: groups of another ring are not ours
    uint64_t capacity = 0;  // bytes of the ring
    uint64_t update = 0;    // the newer of two superblocks has the higher
    uint64_t session = 0;   // raised at each start
    uint64_t start_position = 0;
    Sequence start_sequence = 1;
    uint64_t start_chain = 0;    // checksum of the header before the group at start
    Sequence durable_below = 1;  // every group from start up to here was on stable media
    // What the session holds may stand in memory only (staging_area.h).
    bool staged = false;

    bool operator==(const Superblock&) const = default;
};

[[nodiscard]] Bytes encode(const Superblock& superblock);
[[nodiscard]] Result<Superblock> decode_superblock(ByteView block);

//  0 u64 magic | 8 u32 version | 12 u32 record count | 16 u64 ring id | 24 u64 session
// 32 u64 sequence | 40 u64 position | 48 u64 durable through | 56 u64 chain
// 64 u32 length | 68 u32 meta length | 72 u64 checksum of bytes 96..meta length | 80 u64 zero
// 88 u64 checksum of bytes 0..88, seeded with the ring id
struct GroupHeader {
    uint64_t ring_id = 0;
    uint64_t session = 0;
    Sequence sequence = 0;
    uint64_t position = 0;         // logical: where in the endless journal it begins
    Sequence durable_through = 0;  // every group up to this one was on stable media
    uint64_t chain = 0;            // the checksum of the header before this one
    uint32_t record_count = 0;
    uint32_t length = 0;       // of the whole group, in bytes
    uint32_t meta_length = 0;  // header and records, padded to 4 KiB
    uint64_t meta_checksum = 0;
    uint64_t header_checksum = 0;  // filled in by encode and decode

    bool operator==(const GroupHeader&) const = default;
};

// Writes the header to the front of `meta`, which holds the padded records already, and fills in
// both checksums.
void encode_group(GroupHeader& header, MutableByteView meta);
[[nodiscard]] Result<GroupHeader> decode_group_header(ByteView block, uint64_t ring_id);
// Whether a damaged block was once the header of group `sequence` of this ring: a trace of what was
// cut off.
[[nodiscard]] bool resembles_group(ByteView block, uint64_t ring_id, Sequence sequence);

struct RecordView {
    uint16_t type = 0;
    ByteView fields;
    ByteView payload;
    Sequence group = 0;
    uint32_t index = 0;  // in its group
};

// The bytes that a record takes in a group's meta part.
[[nodiscard]] constexpr uint64_t record_meta_size(uint64_t fields_length) {
    return record_header_size + align_up(fields_length, 8);
}
// Lays a record out at the front of `at`, which is zero and large enough; returns how much it took.
uint64_t encode_record(MutableByteView at, uint16_t type, ByteView fields, uint32_t payload_length);
// The records of a whole group whose header was decoded from it; corrupt unless everything adds up.
[[nodiscard]] Result<std::vector<RecordView>> decode_records(const GroupHeader& header,
                                                             ByteView group);

}  // namespace cairn::journal
