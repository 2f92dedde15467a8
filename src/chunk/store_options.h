// StoreOptions: how a chunk store uses its machine; and StoreRules: the rules that keep it right,
// which tests switch off one at a time to see that each is needed.
#pragma once

#include <cstdint>
#include <string>

#include "base/size.h"
#include "base/time.h"

namespace cairn::chunk {

struct StoreRules {
    bool sync_on_flush = true;         // a flush syncs the journal
    bool durable_in_order = true;      // a durable write counts only if all before it is durable
    bool verify_on_read = true;        // a read compares content with its checksum
    bool journal_table_images = true;  // table pages and headers go to the journal before in place
    bool count_cut_as_unclean = true;  // a journal that cut something counts as an unclean stop
    bool flush_before_apply = true;    // nothing goes in place before its record is durable
    bool sync_before_trim = true;      // nothing leaves the journal before it is durable in place
    bool wait_for_readers = true;      // a read that met a write in place is made again
    bool hold_before_read = true;      // a read shows only what a kill would keep
    // Of writes that go in place at once, with only their checksums in the journal:
    bool place_beside_valid = true;    // never over blocks that hold something
    bool sync_placed_on_flush = true;  // a flush syncs the chunk files, too
    bool verify_placed = true;         // recovery looks whether what was not durable is there
    bool tell_before_apply = true;     // before such a block may change, the ring says: durable
    bool place_in_settled = true;      // only in a file that recovery will not make anew
    bool skip_superseded = true;       // recovery places nothing that such a write came after
    bool sync_replayed = true;         // recovery syncs what it found in place, to build on it
    // Of writes that are held in memory which outlives the process:
    bool complete_journal = true;       // after a kill they go to the journal
    bool count_lost_as_unclean = true;  // where that memory is gone, too, the stop was unclean
};

struct StoreOptions {
    std::string path;  // the repository directory

    // Memory. The idle store keeps only the clean pages.
    // Blocks not yet in place; writers wait beyond. At half of it they begin to be applied.
    uint64_t pending_bytes_max = 64 * mib;
    // More, up to this, if the journal holds more.
    uint64_t pending_bytes_top = 0;
    uint32_t table_pages_clean_max = 6144;  // 24 MiB
    uint32_t table_pages_dirty_max = 8192;  // 32 MiB; writers wait beyond
    uint32_t zero_ranges_max = 1024;
    uint32_t placed_blocks_max = 65536;  // in place, not yet in the tables: 6 MiB of memory
    uint32_t open_files_max = 512;

    // Writes are held here while the journal gathers larger groups. It outlives the process; 0, or
    // where there is none: they are held when the journal is written.
    uint64_t staging_bytes = 8 * mib;

    // Never used up by chunks: the file system works badly when it is full, and so do its
    // neighbours.
    uint64_t margin_bytes = 256 * mib;

    // Writes of so many blocks and more go in place at once, where nothing valid lies, and not
    // through the journal.
    uint32_t placed_write_min = 16;
    // Chunk files in which slots to spare take space. More give it back sooner.
    uint32_t spare_chunks_max = 16;

    // How long a write may stay pending, and how long the journal may stay unemptied, on an idle
    // server.
    Duration apply_delay = seconds(5);
    Duration checkpoint_delay = seconds(30);
    Duration no_space_retry = milliseconds(500);
    uint32_t parallel_io = 8;  // of the applier and of recovery

    StoreRules rules;
};

}  // namespace cairn::chunk
