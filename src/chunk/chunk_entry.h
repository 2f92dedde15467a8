// ChunkEntry: what the store keeps in memory of each chunk, about 200 bytes with its texts. Owned
// by the store's map; an operation under way shares it, and finds `removed` set if the chunk went
// away.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "chunk/chunk_format.h"
#include "runtime/disk.h"

namespace cairn::chunk {

struct ChunkEntry {
    ChunkEntry(const HeaderBlock& block, uint32_t serial_number);

    [[nodiscard]] HeaderBlock header_block(const ClusterId& cluster) const;
    [[nodiscard]] ChunkHeader header(const ClusterId& cluster) const;
    [[nodiscard]] ChunkGeometry geometry() const { return {size}; }
    // Where the block lies in the chunk file, as of base.
    [[nodiscard]] uint64_t offset_of(uint32_t block) const {
        return geometry().data_offset(slot_of(block), block);
    }
    [[nodiscard]] uint32_t slot_of(uint32_t block) const {
        return slots.of(geometry().slice_of(block));
    }
    // A slot in which nothing lies and nothing is about to, the next one after the last. It is
    // taken from now on, until it is let go of or its slice has moved there.
    [[nodiscard]] std::optional<uint32_t> take_free_slot();
    [[nodiscard]] uint32_t free_slot_count() const;
    void let_go_of_slot(uint32_t slot);
    // Base has it that `slice` lies there; where it lay is free.
    void move_slice(uint32_t slice, uint32_t slot);

    ChunkId id;
    FileId file;
    uint64_t index;
    uint64_t size;
    uint64_t header_sequence;
    Version version;
    uint32_t serial;  // of this life of the chunk: another one with the same id has another
    uint8_t piece;
    ChunkState state;

    bool removed = false;
    bool file_awaited = false;  // made in the journal; the applier has yet to make the file
    bool file_unnamed = false;  // its name has vanished: the open file is all that there is
    // Its file is durable, and no record in the journal would make recovery create it anew: what
    // is written there stays. Checkpoints see to it.
    bool settled = true;
    bool placed_unsynced = false;  // stands in the core's list of these
    // Base's header is older than this: the next checkpoint writes it, the running one does not.
    bool header_dirty = false;
    bool header_due = false;      // the running checkpoint, or else the next, writes it
    bool header_placing = false;  // is being written: what is on disk may be anything
    bool sync_needed = false;     // written in place since the last sync
    uint16_t zero_ranges = 0;     // pending
    uint32_t blocks_pending = 0;
    // Reads that must not meet a write in place, and the reverse (gate.h).
    uint16_t exclusive_readers = 0;
    uint16_t writers_in_place = 0;
    uint32_t generation = 0;  // raised when a write in place begins and when it ends

    PageMap pages;              // as of base
    SlotMap slots;              // as of base
    bool spares_used = false;   // slots in which no slice lies may take space
    bool moved_lately = false;  // since the last checkpoint
    uint32_t slot_cursor;       // where to look for the next free one
    std::vector<uint16_t> taken_slots;
    std::shared_ptr<File> open_file;  // kept by FileCache
    uint64_t last_use = 0;

  private:
    uint16_t layout_length_;
    uint16_t path_hint_length_;
    std::string texts_;  // layout, path hint, attributes
};

using ChunkRef = std::shared_ptr<ChunkEntry>;

}  // namespace cairn::chunk
