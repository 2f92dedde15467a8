// What a chunk file looks like. Pure: bytes in, structs out.
//
//     header (4 KiB) | the same again | table pages (4 KiB each) | data
//
// The file is sparse: a block that was never written takes no space, and neither does a table page
// that would hold only such blocks.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/size.h"
#include "chunk/slot_map.h"

namespace cairn::chunk {

constexpr uint64_t chunk_size_min = 64 * kib;
constexpr uint64_t chunk_size_max = 4 * gib;
constexpr uint32_t entries_per_page = 255;
constexpr uint32_t slices_max = 512;
constexpr uint32_t slice_blocks_min = 16;  // 64 KiB
constexpr uint32_t slices_per_spare_slot = 16;
constexpr uint32_t spare_slots_min = 4;
constexpr size_t path_hint_max = 1024;  // longer ones keep their end, which says more
constexpr size_t layout_max = 64;
constexpr size_t attributes_max = 1024;

enum class ChunkState : uint8_t {
    complete = 1,
    joining = 2,  // content is not to be believed: it is being copied from another replica
};

// Where the parts of a chunk file lie. The blocks of a chunk make slices of equal size; the data
// part of the file has a slot for each, and some to spare, and each slice lies in one.
struct ChunkGeometry {
    uint64_t size = 0;

    [[nodiscard]] uint32_t block_count() const { return static_cast<uint32_t>(size / block_size); }
    [[nodiscard]] uint32_t slice_blocks() const {
        return std::max(slice_blocks_min, block_count() / slices_max);
    }
    [[nodiscard]] uint32_t slice_count() const { return block_count() / slice_blocks(); }
    [[nodiscard]] uint32_t slot_count() const {
        return slice_count() + std::max(spare_slots_min, slice_count() / slices_per_spare_slot);
    }
    [[nodiscard]] uint32_t slice_of(uint32_t block) const { return block / slice_blocks(); }
    [[nodiscard]] uint32_t page_count() const {
        return (block_count() + entries_per_page - 1) / entries_per_page;
    }
    [[nodiscard]] static constexpr uint64_t page_offset(uint32_t page) {
        return (uint64_t{2} + page) * block_size;
    }
    // Of a block whose slice lies in `slot`.
    [[nodiscard]] uint64_t data_offset(uint32_t slot, uint32_t block) const {
        const uint64_t place = uint64_t{slot} * slice_blocks() + block % slice_blocks();
        return (uint64_t{2} + page_count() + place) * block_size;
    }
    [[nodiscard]] uint64_t file_size() const { return data_offset(slot_count(), 0); }
};
[[nodiscard]] constexpr uint32_t page_of(uint32_t block) {
    return block / entries_per_page;
}

// Enough to rebuild a lost catalogue from chunk servers alone (I9).
struct ChunkHeader {
    ClusterId cluster;
    ChunkId chunk;
    FileId file;
    uint64_t index = 0;  // in the file, in units of its chunk size
    uint64_t size = 0;   // a power of two, chunk_size_min to chunk_size_max
    Version version;
    uint8_t piece = 0;  // 0 in replication
    ChunkState state = ChunkState::complete;
    std::string layout;     // "replicas=3:2"
    std::string path_hint;  // the file's path when the chunk was made; may be out of date
    Bytes attributes;       // of the file, as the catalogue encodes them

    bool operator==(const ChunkHeader&) const = default;
};

// One bit for each table page: set, it exists and must verify; clear, all its blocks are holes.
class PageMap {
  public:
    explicit PageMap(uint32_t page_count = 0) : words_((page_count + 63) / 64) {}
    [[nodiscard]] bool has(uint32_t page) const {
        return (words_[page / 64] >> (page % 64) & 1) != 0;
    }
    void set(uint32_t page) { words_[page / 64] |= uint64_t{1} << (page % 64); }
    [[nodiscard]] const std::vector<uint64_t>& words() const { return words_; }
    [[nodiscard]] std::vector<uint64_t>& words() { return words_; }
    bool operator==(const PageMap&) const = default;

  private:
    std::vector<uint64_t> words_;
};

//   0 u64 magic "CAIRNCHK" | 8 u32 version | 12 u32 length of what follows, up to the zeros
//  16 u64 sequence | cluster | u64 chunk | u64 file | u64 index | u64 size | u32 chunk version
//     u8 piece | u8 state | text layout | text path hint | bytes attributes | page map, u64 each
//     version 2: u8 1 if spare slots take space | slots of the slices in order, u16 each
//     zeros | 4088 u64 checksum of all before
//
// Version 1 is written while every slice lies in its own slot and no other takes space.
struct HeaderBlock {
    uint64_t sequence = 0;  // the newer of two has the higher
    ChunkHeader header;
    PageMap pages;
    SlotMap slots{};
    bool spares_used = false;

    bool operator==(const HeaderBlock&) const = default;
};
// REQUIRES: check_header(header) holds.
[[nodiscard]] Bytes encode(const HeaderBlock& block);
[[nodiscard]] Result<HeaderBlock> decode_header(ByteView bytes);
// Whether a header can be stored: sizes within their bounds.
[[nodiscard]] Result<void> check_header(const ChunkHeader& header);

// What base knows of one block. All zero: a hole.
struct TableEntry {
    static constexpr uint32_t written = 1;    // its content is in place and has `checksum`
    static constexpr uint32_t zero = 2;       // reads as zeros, whatever is in place
    static constexpr uint32_t allocated = 4;  // takes space: overwriting it needs none
    static constexpr uint32_t lost = 8;       // what it held is unknown: the table page rotted

    uint64_t checksum = 0;
    uint32_t stored_size = 0;  // bytes; less than a block once there is compression
    uint32_t flags = 0;

    bool operator==(const TableEntry&) const = default;
    [[nodiscard]] bool is_written() const { return (flags & written) != 0; }
    [[nodiscard]] bool is_lost() const { return (flags & lost) != 0; }
    [[nodiscard]] bool is_allocated() const { return (flags & allocated) != 0; }
};
static_assert(sizeof(TableEntry) == 16);

//   0 255 entries: u64 checksum, u32 stored size, u32 flags
// 4080 u32 magic "CTBL" | 4084 u32 page | 4088 u64 checksum of all before, seeded with the chunk
struct TablePage {
    std::array<TableEntry, entries_per_page> entries{};

    bool operator==(const TablePage&) const = default;
    [[nodiscard]] TableEntry& of(uint32_t block) { return entries[block % entries_per_page]; }
    [[nodiscard]] const TableEntry& of(uint32_t block) const {
        return entries[block % entries_per_page];
    }
};
// `into` is one block.
void encode_page(const TablePage& page, ChunkId chunk, uint32_t index, MutableByteView into);
[[nodiscard]] Result<void> decode_page(ByteView bytes, ChunkId chunk, uint32_t index,
                                       TablePage& into);

// "0c/00000000000a0b0c.chunk", below the folder `chunks`.
[[nodiscard]] std::string chunk_folder(ChunkId chunk);
[[nodiscard]] std::string chunk_file_name(ChunkId chunk);
[[nodiscard]] Result<ChunkId> parse_chunk_file_name(std::string_view name);
// What such a file is called once it was found damaged: it must not come back by itself.
[[nodiscard]] std::string damaged_file_name(ChunkId chunk);
[[nodiscard]] Result<ChunkId> parse_damaged_file_name(std::string_view name);

}  // namespace cairn::chunk
