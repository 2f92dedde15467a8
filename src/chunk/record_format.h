// The records of a chunk server's journal. Pure. Each says its result outright (a value, never a
// change), so that replaying it again gives the same.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "chunk/chunk_format.h"
#include "journal/ring_format.h"

namespace cairn::chunk {

enum class RecordType : uint16_t {
    create = 1,        // ImageFields; payload: a header block
    remove = 2,        // u64 chunk
    write = 3,         // WriteFields, u64 checksum of each block; payload: the blocks
    zeros = 4,         // WriteFields
    mark = 5,          // u64 chunk, u32 version (0: as it is), u8 state (0: as it is)
    epoch = 6,         // u64 file, u64 epoch (0: forget the file)
    log_position = 7,  // u64 position
    page_image = 8,    // ImageFields; payload: a table page
    header_image = 9,  // ImageFields; payload: a header block
    // WriteFields, u32 slot, u32 zero, u64 checksum of each block; the blocks lie in place, in the
    // slot, which becomes that of their slice. All of them belong to one slice.
    placed_write = 10,
};

//  0 u64 chunk | 8 u32 first block | 12 u32 count | 16 u32 version (0: as it is)
// 20 u32 flags (1: punch) | 24 u64 file | 32 u64 lease epoch (0: as it is)
struct WriteFields {
    ChunkId chunk;
    uint32_t first_block = 0;
    uint32_t count = 0;
    Version version;
    bool punch = false;
    FileId file;
    LeaseEpoch epoch;
    uint32_t slot = 0;  // of a placed write

    bool operator==(const WriteFields&) const = default;
};

struct MarkFields {
    ChunkId chunk;
    Version version;
    uint8_t state = 0;
};
struct EpochFields {
    FileId file;
    LeaseEpoch epoch;
};
//  0 u64 chunk | 8 u32 page (0 for a header) | 12 u32 zero | 16 u64 checksum of the payload
//
// The payload has a checksum of its own, but an older image of the same page has one, too: where a
// torn write left that in the ring, only the record's checksum tells.
struct ImageFields {
    ChunkId chunk;
    uint32_t page = 0;
    uint64_t checksum = 0;
};

// Each replaces what is in `out`, whose memory is used again and again.
void encode_write(Bytes& out, const WriteFields& fields, std::span<const uint64_t> checksums);
void encode_placed_write(Bytes& out, const WriteFields& fields,
                         std::span<const uint64_t> checksums);
void encode_mark(Bytes& out, const MarkFields& fields);
void encode_epoch(Bytes& out, const EpochFields& fields);
void encode_image(Bytes& out, const ImageFields& fields);
void encode_number(Bytes& out, uint64_t number);  // remove, log position

constexpr uint64_t write_fields_size = 40;
constexpr uint64_t placed_fields_size = 48;
constexpr uint64_t small_fields_size = 24;  // at most, of all others

// A record taken apart; what does not belong to its type is empty.
struct Record {
    RecordType type = RecordType::create;
    ChunkId chunk;
    WriteFields write;
    ByteView checksums;  // eight bytes each
    MarkFields mark;
    EpochFields epoch;
    LogIndex log_position;
    ImageFields image;

    [[nodiscard]] uint64_t checksum_of(uint32_t index) const;
};
// Corrupt unless the fields are those of a known type and agree with the payload's length.
[[nodiscard]] Result<Record> decode_record(const journal::RecordView& view);
// Whether the blocks have the checksums that come with the record: `blocks` are the payload of a
// write, or what lies in the place of a placed one.
[[nodiscard]] bool blocks_are_intact(const Record& record, ByteView blocks);
// Whether the payload has the checksums that come with it.
[[nodiscard]] bool payload_is_intact(const Record& record, ByteView payload);

}  // namespace cairn::chunk
