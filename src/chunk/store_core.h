// StoreCore: the state that the parts of a chunk store share: chunks, what is pending, tables,
// journal, the room that is left. Owned by ChunkStore; the applier and recovery work on it. Its
// functions do not suspend unless they say so: what they decide and what they change is one step.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "chunk/chunk_entry.h"
#include "chunk/file_cache.h"
#include "chunk/overlay.h"
#include "chunk/pending_zeros.h"
#include "chunk/placed_claims.h"
#include "chunk/record_format.h"
#include "chunk/repository_format.h"
#include "chunk/store_options.h"
#include "chunk/table_cache.h"
#include "journal/ring_journal.h"
#include "runtime/runtime.h"
#include "runtime/semaphore.h"
#include "runtime/wait.h"

namespace cairn::chunk {

// A file to be made or removed by the applier, in the order of the journal.
struct StructuralChange {
    ChunkRef chunk;
    bool create = false;
};

// A slice of a chunk lies in another slot: its content is there, and base is to know it.
struct SlotMove {
    ChunkRef chunk;
    uint32_t slice = 0;
    uint32_t slot = 0;
};

// Names a table page, or (header_page) the header, in sets of what a checkpoint has to write.
constexpr uint32_t header_page = UINT32_MAX;
[[nodiscard]] inline uint64_t base_key(const ChunkEntry& chunk, uint32_t page) {
    return uint64_t{chunk.serial} << 32 | page;
}
struct BaseKeyHash {
    size_t operator()(uint64_t key) const {
        key *= 0x9E3779B97F4A7C15ULL;
        return key ^ (key >> 32);
    }
};
using BaseKeys = std::unordered_set<uint64_t, BaseKeyHash>;

// What an operation needs before it may append.
struct RoomRequest {
    const ChunkEntry* chunk = nullptr;  // whose pages and header it may make dirty; may be null
    uint32_t first_block = 0;
    uint32_t count = 0;
    bool header = false;         // it makes the header dirty in any case
    uint64_t data_blocks = 0;    // that become pending
    uint64_t placed_blocks = 0;  // that become pending and lie in place
    bool zero_range = false;     // one becomes pending
    uint64_t record_bytes = 0;   // of journal space
};

class StoreCore {
  public:
    StoreCore(Runtime& runtime_to_use, StoreOptions store_options);

    [[nodiscard]] std::string path_of(std::string_view name) const;
    [[nodiscard]] ChunkRef find(ChunkId id) const;
    // Why nothing is done any more, or nothing.
    [[nodiscard]] Result<void> check_running() const;
    // The chunk's open file. One whose file has vanished is lost, and the others go on: it is
    // removed from memory, and the error is replica_lost. Suspends.
    Task<Result<std::shared_ptr<File>>> file_of(ChunkRef chunk);
    // The page of its table, loaded if need be; a file that has vanished as above. Suspends.
    Task<Result<PageRef>> table_page(ChunkRef chunk, uint32_t index, IfUnreadable if_unreadable);
    // Ends the store for good: a later start counts as unclean.
    void fail(const Error& error);
    // The same, if the journal has failed. Waiting for the journal ends with its error.
    Result<void> checked(Result<void> outcome);
    // Replaces the state file. Suspends.
    Task<Result<void>> save_state();

    // Room to append: waits its turn. When it returns, the room is taken and nothing has run since.
    Task<Result<void>> take_room(RoomRequest request);
    void give_back_room(const RoomRequest& request);
    // It was appended: what it takes is counted where it is now.
    void room_used(const RoomRequest& request);

    journal::Sequence append(RecordType type, const Bytes& fields, Buffer payload,
                             uint64_t record_bytes);

    // What pending and base together say of a block; base's part must be in memory.
    enum class Source : uint8_t { hole, zeros, pending, base, lost, not_loaded };
    struct BlockView {
        Source source = Source::not_loaded;
        uint64_t checksum = 0;  // of pending, base
        const PendingBlock* pending = nullptr;
        bool allocated = false;
        uint32_t slot = 0;               // where it lies, of base
        journal::Sequence sequence = 0;  // of the newest record that it shows, 0 for base
    };
    [[nodiscard]] BlockView look(const ChunkEntry& chunk, uint32_t block);
    [[nodiscard]] bool verifies() const {
        return options.rules.verify_on_read && !identity.no_verify;
    }
    // Loads what look() needs for these blocks. Suspends.
    Task<Result<void>> load_pages(ChunkRef chunk, uint32_t first_block, uint32_t count);

    // Makes what was appended visible.
    void put_blocks(const ChunkRef& chunk, uint32_t first_block, const Buffer& data,
                    std::span<const uint64_t> checksums, journal::Sequence sequence);
    void put_zeros(ZeroRange range);
    // The same for what lies in place, in `slot`, already: that becomes the slot of its slice.
    void put_placed(const ChunkRef& chunk, uint32_t first_block, uint32_t slot,
                    std::span<const uint64_t> checksums, journal::Sequence sequence);
    // Before that is applied, the journal is to say that it was durable. `marker_bytes` are set
    // aside for this.
    void tell_later(journal::Sequence sequence, uint64_t marker_bytes);
    // Something was written in place before its record is appended.
    void note_placed(const ChunkRef& chunk, std::shared_ptr<File> file);
    // Makes all of that durable. Suspends.
    Task<Result<void>> sync_placed();
    [[nodiscard]] bool has_placed_to_sync() const { return !placed_unsynced_.empty(); }

    // Bytes that chunks may still grow by, if all that is pending takes new space.
    [[nodiscard]] int64_t space_left();
    [[nodiscard]] bool has_ample_space(uint64_t bytes) {
        return !no_space && space_left() >= static_cast<int64_t>(bytes);
    }
    // Whether a write to the block would; fails with retry if its table page is not in memory.
    [[nodiscard]] Result<bool> takes_new_space(const ChunkEntry& chunk, uint32_t block);
    void space_changed() { space_known_ = false; }

    void remove_entry(const ChunkRef& chunk);
    // A page of base is not what the chunk file has.
    void page_changed(CachedPage& page);

    // --- shared state
    Runtime& runtime;
    StoreOptions options;
    Identity identity;
    StoreState state;
    FileEpochs epochs;
    StartMarks starts;
    bool epochs_dirty = false;
    bool state_dirty = false;
    std::unordered_map<ChunkId, ChunkRef, IdHash> chunks;
    uint32_t next_serial = 1;
    FileCache files;
    TableCache tables;
    Overlay overlay;
    PendingZeros zeros;
    PlacedClaims claims;
    std::vector<StructuralChange> structure;
    std::vector<SlotMove> moves;  // pending, in the order of the journal
    bool slots_wanted = false;    // somebody would rather have moves applied soon
    std::unique_ptr<journal::RingJournal> journal;
    Instant oldest_pending = Instant::never();  // when the first of what is pending was appended
    uint32_t record_blocks_max = 1;             // larger writes are several records
    // Good here and bad on disk: dirty from the next checkpoint on, for which room was taken. It is
    // due then, for these or a header.
    Instant rewrite_due = Instant::never();
    std::vector<PageRef> pages_to_rewrite;
    bool has_unsaved = false;  // appended since the last checkpoint began
    bool stopping = false;
    bool no_space = false;  // the applier could not place everything
    std::optional<Error> failure;
    Event failed;
    std::move_only_function<void()> on_failure;  // once, from fail()
    Mutex state_file;                            // who replaces `state` holds it
    std::set<ChunkId> damaged;   // files that are not to be used, until made again or removed
    std::set<ChunkId> vanished;  // of these, or of those in use: under their names is nothing
    Condition work;              // for the applier: there is something to do
    // Readers and writers in place of one chunk wait here for each other, and who wants a free
    // slot.
    Condition gate;
    uint64_t image_reserve = 0;             // journal space set aside for images of what is touched
    journal::Sequence placed_sequence = 0;  // of the newest group that speaks of blocks in place
    journal::Sequence placed_told = 0;      // the ring says up to which of them they were durable
    uint64_t marker_reserve = 0;            // journal space set aside for it to say more
    Bytes scratch;                          // for the fields of the record being appended

    // The checkpoint takes over what was set aside; pages touched from now on count anew.
    [[nodiscard]] uint64_t take_image_reserve();
    // For recovery: marks as touched, and sets journal space aside for images of all that is, but
    // for what has one.
    void touch(const ChunkEntry& chunk, uint32_t first_block, uint32_t count);
    void reserve_images(const BaseKeys& imaged);
    [[nodiscard]] bool wants_room() const { return next_ticket_ != serving_; }
    [[nodiscard]] size_t touched_count() const { return touched_.size(); }
    void room_changed() { room_.notify_all(); }

  private:
    [[nodiscard]] bool try_take_room(const RoomRequest& request);
    [[nodiscard]] uint64_t count_untouched(const RoomRequest& request);

    BaseKeys touched_;  // what the next checkpoint may have to write
    std::vector<uint64_t> newly_touched_;
    uint64_t blocks_admitted_ = 0;  // room taken, not yet appended
    uint64_t zeros_admitted_ = 0;
    uint64_t placed_admitted_ = 0;
    struct Unsynced {
        ChunkRef chunk;
        std::shared_ptr<File> file;  // also of a chunk that is being removed
    };
    std::vector<Unsynced> placed_unsynced_;
    uint64_t next_ticket_ = 0;
    uint64_t serving_ = 0;
    Condition room_;
    bool space_known_ = false;
    Instant space_read_;
    uint64_t space_free_ = 0;
};

}  // namespace cairn::chunk
