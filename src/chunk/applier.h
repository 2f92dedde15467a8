// Applier: the one task that changes base. It moves what is pending to the chunk files (apply), and
// makes base durable and the journal empty (checkpoint), when memory or the ring fills or time
// passes. docs/design/chunk-store.md says in which order, and what a crash finds after each step.
#pragma once

#include <span>
#include <vector>

#include "chunk/store_core.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace cairn::chunk {

// The blocks of one table page that are applied together.
struct ApplyUnit {
    std::span<const FrozenBlock> blocks;
};

class Applier {
  public:
    explicit Applier(StoreCore& core)
        : core_(core), checkpointed_(core.runtime.loop), scope_(core.runtime.loop) {}

    void start() { scope_.spawn(run()); }
    // Ends the task after what it is doing; the store is stopping or has failed.
    Task<void> stop();

    // Everything that is pending now goes to base. False if the disk had no space for all of it.
    // The caller is the only one to apply: the task, or recovery and stop() while it does not run.
    Task<Result<bool>> apply();
    // Apply, then base durable, then the journal trimmed. False as above.
    Task<Result<bool>> checkpoint();
    // Asks the task for a checkpoint of all that is pending now, and waits for it.
    Task<Result<void>> request_checkpoint();

    void folder_changed(ChunkId chunk) { folders_changed_.push_back(chunk); }

    // What has an image in the ring since the last trim needs no other: that one and the records
    // behind it give the same. Recovery fills in what it finds.
    BaseKeys imaged;

  private:
    struct Image {
        ChunkRef chunk;
        PageRef page;   // null: the chunk's header
        Buffer header;  // as it went into the journal
        uint64_t offset = 0;
    };

    Task<void> run();
    [[nodiscard]] bool anything_pending() const;
    [[nodiscard]] bool apply_due() const;
    [[nodiscard]] bool checkpoint_due() const;
    Waiter wait_for_work();

    void apply_moves(const std::vector<SlotMove>& moves);
    Task<Result<void>> punch(ChunkRef chunk, uint32_t first_block, uint32_t count);
    Task<Result<void>> make_durable(journal::Sequence last, journal::Sequence placed);
    Task<Result<void>> change_structure(std::vector<StructuralChange> changes);
    Task<Result<void>> apply_zeros(const std::vector<ZeroRange>& ranges);
    Task<Result<void>> apply_zero_range(const ZeroRange& range);
    Task<Result<void>> apply_blocks(const std::vector<FrozenBlock>& frozen);
    Task<Result<void>> apply_unit(ApplyUnit unit);
    Task<Result<void>> write_unit(ApplyUnit unit, PageRef page);
    // Blocks that lie next to each other in the file.
    struct Run {
        uint64_t offset = 0;
        std::vector<ByteView> blocks;
    };
    [[nodiscard]] static std::vector<Run> runs_of(const ChunkEntry& chunk, ApplyUnit unit);
    static Task<Result<void>> write_run(File& file, const Run& run);

    [[nodiscard]] std::vector<Image> collect_images() const;
    [[nodiscard]] bool needs_journal(const Image& image) const;
    Task<Result<void>> journal_images(std::vector<Image>& images, uint64_t reserved);
    [[nodiscard]] static uint64_t key_of(const Image& image) {
        return base_key(*image.chunk, image.page == nullptr ? header_page : image.page->index);
    }
    journal::Sequence append_image(Image& image, uint64_t reserved);
    [[nodiscard]] Buffer content_of(const Image& image) const;
    Task<Result<void>> place_images(std::vector<Image>& images);
    Task<Result<void>> place_image(const Image& image);
    void image_placed(const Image& image);
    Task<Result<void>> sync_base();
    Task<Result<void>> sync_chunk(ChunkRef chunk);
    Task<Result<void>> sync_folders();
    Task<void> give_back_spares();
    Task<void> give_back_spares_of(ChunkRef chunk);
    Task<Result<void>> save_small_files();
    Task<Result<void>> trim(journal::Sequence frozen_end);

    StoreCore& core_;
    std::vector<ChunkId> folders_changed_;
    Instant last_checkpoint_;
    uint64_t checkpoints_begun_ = 0;
    uint64_t checkpoints_done_ = 0;
    uint64_t checkpoint_wanted_ = 0;  // until so many are done
    Condition checkpointed_;
    uint64_t spares_used_ = 0;  // chunk files of which slots to spare may take space
    uint64_t spares_kept_ = 0;  // as many at the end of the last checkpoint
    Instant paused_until_;      // trying again at once would change nothing
    Scope scope_;
};

}  // namespace cairn::chunk
