// Recovery: from what a crash left to a store that may serve. It reads the journal twice: once for
// everything but data (metadata in memory, images in place), once for data, in bounded memory.
// Every step may be cut short by another crash and is then done again with the same result.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "chunk/applier.h"
#include "chunk/placed_ranges.h"
#include "chunk/store.h"
#include "chunk/store_core.h"
#include "journal/ring_reader.h"
#include "journal/staging_area.h"

namespace cairn::chunk {

class Recovery {
  public:
    Recovery(StoreCore& core, Applier& applier) : core_(core), applier_(applier) {}

    Task<Result<StartReport>> run(ClusterId cluster);

  private:
    class CompletionPass;
    class MetadataPass;
    class DataPass;
    // Records are numbered through a pass; those before a chunk's last creation mean another life.
    using Ordinal = uint64_t;

    Task<Result<void>> read_small_files(ClusterId cluster);
    Task<Result<void>> complete_journal();
    Task<void> take_staging();
    Task<Result<void>> read_starts();
    Task<Result<void>> note_start();
    Task<Result<void>> scan_chunks();
    Task<Result<void>> scan_folder(std::string name);
    Task<Result<void>> scan_file(std::string folder, std::string name);
    Task<Result<void>> sync_placed();
    Task<Result<void>> start_session(journal::RingEnd end);
    void limit_memory();
    Task<Result<void>> replay_data(journal::RingEnd end);
    void add_chunk(const HeaderBlock& block);
    void judge_header(ChunkId id, ByteView both);
    Task<Result<void>> set_damaged_aside();
    Task<Result<void>> empty_journal();
    Task<Result<void>> repair_headers();

    StoreCore& core_;
    Applier& applier_;
    StartReport report_;
    std::unique_ptr<journal::RingFile> ring_;
    std::unique_ptr<journal::StagingArea> staging_;
    bool staged_lost_ = false;                  // what a killed process held only there
    journal::RingFile* ring_in_use_ = nullptr;  // the journal's, once it has it
    std::map<ChunkId, std::string> unusable_;   // files without a header that can be used: why
    std::set<ChunkId> missing_;                 // of which the journal speaks
    std::unordered_map<ChunkId, Ordinal, IdHash> created_at_;
    std::map<ChunkId, PlacedRanges> placed_;  // by writes that are in the journal
    std::vector<ChunkId> headers_to_repair_;
};

}  // namespace cairn::chunk
