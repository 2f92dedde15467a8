// ChunkEntry: what the store keeps in memory of each chunk, about 200 bytes with its texts. Owned
// by the store's map; an operation under way shares it, and finds `removed` set if the chunk went
// away.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/ids.h"
#include "chunk/chunk_format.h"
#include "runtime/disk.h"

namespace cairn::chunk {

struct ChunkEntry {
    ChunkEntry(const HeaderBlock& block, uint32_t serial_number);

    [[nodiscard]] HeaderBlock header_block(const ClusterId& cluster) const;
    [[nodiscard]] ChunkHeader header(const ClusterId& cluster) const;
    [[nodiscard]] ChunkGeometry geometry() const { return {size}; }

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

    PageMap pages;                    // as of base
    std::shared_ptr<File> open_file;  // kept by FileCache
    uint64_t last_use = 0;

  private:
    uint16_t layout_length_;
    uint16_t path_hint_length_;
    std::string texts_;  // layout, path hint, attributes
};

using ChunkRef = std::shared_ptr<ChunkEntry>;

}  // namespace cairn::chunk
