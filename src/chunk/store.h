// ChunkStore: the chunks of one chunk server on one file system. Writes are held when write()
// returns and durable after flush(); every block is verified on its way in and out. It decides
// nothing about replicas: versions and epochs are kept and compared here, raised elsewhere.
//
// Belongs to one loop and to the chunk service above it. docs/design/chunk-store.md says what lies
// on disk and what a crash leaves. After a failure of the disk under it (failed() is set) every
// call fails, and the next start counts as unclean.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/ids.h"
#include "base/result.h"
#include "chunk/chunk_format.h"
#include "chunk/placed_claims.h"
#include "chunk/repository_format.h"
#include "chunk/store_options.h"
#include "runtime/runtime.h"
#include "runtime/task.h"

namespace cairn::chunk {

class StoreCore;
struct RoomRequest;
class Applier;
struct ChunkEntry;

struct StartReport {
    // Held data may be gone, since this start or an earlier one after which nobody has called
    // set_admitted() yet: nothing is to be believed before the master says so.
    bool unclean = false;
    bool integrity_raised = false;  // by this start
    bool journal_cut = false;
    uint64_t integrity_sequence = 0;
    uint64_t sync_epoch = 0;
    uint64_t start_mark = 0;              // of this start
    std::vector<uint64_t> earlier_marks;  // of the last that was accepted, and of those since
    LogIndex log_position;
    // Chunks that should be here and cannot be used: lost replicas. Their files are left as they
    // are, until the chunk is made again or removed.
    struct Damaged {
        ChunkId chunk;
        std::string why;
    };
    std::vector<Damaged> damaged;
};

struct ChunkInfo {
    ChunkId chunk;
    FileId file;
    uint64_t size = 0;
    Version version;
    ChunkState state = ChunkState::complete;
};

// Whose map a write was made under. What is older than the store was told is refused (stale_map);
// what is newer is adopted with the write. None: not compared, nothing adopted.
struct WriteTag {
    ChunkId chunk;
    Version version;
    FileId file;
    LeaseEpoch epoch;
};
struct ChunkWrite {
    WriteTag tag;
    uint32_t first_block = 0;
    Buffer data;                      // whole blocks; must not change any more
    std::vector<uint64_t> checksums;  // block_checksum of each
    // Asked of each part in the step that makes it visible; false: it is not written, and the write
    // ends with Code::cancelled.
    std::function<bool(uint32_t first_block, uint32_t count)> may_land = {};
    // It is durable when write() returns, and everything that was held before it.
    bool durable = false;
};
struct ChunkZeros {
    WriteTag tag;
    uint32_t first_block = 0;
    uint32_t count = 0;
    bool punch = false;  // gives the space back, too
    std::function<bool(uint32_t first_block, uint32_t count)> may_land = {};  // as of a write
};

struct ChunkRead {
    Buffer data;  // all blocks, those of zeros too
    std::vector<uint64_t> checksums;
    // (first block relative to the read, count), ascending: they read as zeros and need not travel
    std::vector<std::pair<uint32_t, uint32_t>> zero_runs;
};
struct BadBlock {
    uint32_t block = 0;
    // What its content should have: restore_block takes nothing else. None if that is lost, too:
    // then a write helps, or fill_lost_block.
    std::optional<uint64_t> checksum;
};

struct BlockSum {
    uint64_t checksum = 0;  // zero_block_checksum where it reads as zeros
    bool lost = false;      // unknown: differs from everything

    bool operator==(const BlockSum&) const = default;
};

struct VerifiedPage {
    uint32_t blocks_read = 0;
    std::vector<BadBlock> bad;
    bool rewritten = false;  // the page was good in memory only, and is written again
};

struct StoreCounters {
    uint64_t written_bytes = 0;
    uint64_t written_operations = 0;
    uint64_t placed_bytes = 0;  // of these, in place at once
    uint64_t moved_slices = 0;  // by such writes
    uint64_t read_bytes = 0;
    uint64_t read_operations = 0;
    uint64_t flushes = 0;
    uint64_t bad_blocks = 0;  // found by reads and verifications
    uint64_t lost_pages = 0;
};

class ChunkStore {
  public:
    // Makes a repository in an empty or absent directory.
    static Task<Result<void>> create(Runtime& runtime, std::string path, Identity identity,
                                     uint64_t journal_size);
    // Opens one and recovers it. Fails with busy while another process has it, with wrong_cluster
    // if it belongs to another cluster than `cluster` (none: any), with corrupt where damage cannot
    // be told from old data.
    static Task<Result<std::unique_ptr<ChunkStore>>> open(Runtime& runtime, StoreOptions options,
                                                          ClusterId cluster);
    ~ChunkStore();

    [[nodiscard]] const StartReport& start_report() const { return report_; }
    [[nodiscard]] const Identity& identity() const;

    // The master believes this server again: a later start is not unclean for what was before.
    // Durable when it returns.
    Task<Result<void>> set_admitted();

    // A master has accepted this start: those before it are of no use any more. Durable when it
    // returns, though nothing depends on that.
    Task<Result<void>> set_start_accepted();

    // Stops taking requests, empties the journal, and marks the store clean. What is under way ends
    // first or fails; the caller has none of its own under way when it destroys the store.
    Task<Result<void>> stop();

    // --- chunks
    // Durable when they return. Making one that is there fails with already_exists; removing one
    // that is not there succeeds.
    Task<Result<void>> create_chunk(ChunkHeader header);
    Task<Result<void>> remove_chunk(ChunkId chunk);
    [[nodiscard]] std::optional<ChunkInfo> find(ChunkId chunk) const;
    [[nodiscard]] std::optional<ChunkHeader> header(ChunkId chunk) const;
    [[nodiscard]] std::vector<ChunkInfo> list() const;  // ascending

    // --- versions and epochs; none of them ever goes back, and a lower one changes nothing
    Task<Result<void>> set_version(ChunkId chunk, Version version);                  // durable
    Task<Result<void>> set_state(ChunkId chunk, ChunkState state, Version version);  // durable
    Task<Result<void>> set_file_epoch(FileId file, LeaseEpoch epoch);                // durable
    // If `let_go` says so in the step that forgets. Not durable: it may come back.
    Task<Result<void>> forget_file_epoch(FileId file, std::function<bool()> let_go);
    [[nodiscard]] std::vector<FileId> files_with_epochs() const;
    [[nodiscard]] LeaseEpoch file_epoch(FileId file) const;
    Task<Result<void>> set_log_position(LogIndex position);  // durable
    [[nodiscard]] LogIndex log_position() const;

    // --- data
    Task<Result<void>> write(ChunkWrite write);        // held
    Task<Result<void>> write_zeros(ChunkZeros zeros);  // held
    // Everything acknowledged before, of any chunk, is durable.
    Task<Result<void>> flush();
    // Fails with corrupt and fills `bad` if any block is not what was written; then nothing of it
    // is returned.
    Task<Result<ChunkRead>> read(ChunkId chunk, uint32_t first_block, uint32_t count,
                                 std::vector<BadBlock>& bad);
    // What read() would give checksums of, without reading data.
    Task<Result<std::vector<BlockSum>>> table(ChunkId chunk, uint32_t first_block, uint32_t count);
    // Of the whole table: equal where content is equal, whether zeros are holes or were written.
    Task<Result<uint64_t>> digest(ChunkId chunk);
    // The same for each page of the table (entries_per_page blocks).
    Task<Result<std::vector<uint64_t>>> page_digests(ChunkId chunk);

    // --- what lies on disk, read by name whatever is in memory (store_verify.cc)
    // The chunk's headers. Fails with replica_lost if its file is not there; what is still open
    // goes on being served. Gives how many were bad; they are written again.
    Task<Result<uint32_t>> verify_headers(ChunkId chunk);
    // One page of its table and the blocks that it tells of. What is pending is passed over: it is
    // about to be written.
    Task<Result<VerifiedPage>> verify_page(ChunkId chunk, uint32_t page);
    // Whether there is anything under the chunk's name, or is about to be.
    Task<Result<bool>> file_is_there(ChunkId chunk);
    // Chunks that should be here and whose files were found to have vanished; ascending.
    [[nodiscard]] std::vector<ChunkId> vanished() const;

    // Puts a bad block right: content is taken only if it has the checksum that the table holds.
    Task<Result<void>> restore_block(ChunkId chunk, uint32_t block, Buffer content);
    // Gives a block whose table page rotted the content that another replica in sync has. Does
    // nothing where the block is not lost any more: what was written since is newer.
    Task<Result<void>> fill_lost_block(ChunkId chunk, uint32_t block, Buffer content);

    // --- the disk under it
    // Total, and what chunks may still take: pending writes and the margin are off.
    [[nodiscard]] Result<DiskSpace> space() const;
    [[nodiscard]] Event& failed();
    [[nodiscard]] const std::optional<Error>& failure() const;
    [[nodiscard]] StoreCounters counters() const;
    // Empties the journal now (tests, tools).
    Task<Result<void>> checkpoint_now();

  private:
    ChunkStore(std::unique_ptr<StoreCore> core, std::unique_ptr<FileLock> lock);

    struct Range {
        uint32_t first = 0;
        uint32_t count = 0;
    };
    // Counts an operation under way, for stop().
    class Operation {
      public:
        explicit Operation(ChunkStore& store) : store_(store) { store_.operations_++; }
        Operation(const Operation&) = delete;
        Operation& operator=(const Operation&) = delete;
        ~Operation() {
            if (--store_.operations_ == 0)
                store_.idle_.notify_all();
        }

      private:
        ChunkStore& store_;
    };
    [[nodiscard]] Result<std::shared_ptr<ChunkEntry>> chunk_in_range(ChunkId chunk,
                                                                     Range range) const;
    [[nodiscard]] Result<std::shared_ptr<ChunkEntry>> chunk_for(const WriteTag& tag,
                                                                Range range) const;
    [[nodiscard]] Result<void> check_content(const ChunkWrite& write) const;
    // Where a part of a large write goes at once: the slot of its slice.
    struct Placement {
        Range range;
        uint32_t slot = 0;
        bool moves = false;  // the slice lies elsewhere yet
    };
    Task<std::vector<Placement>> plan_placements(std::shared_ptr<ChunkEntry> chunk, Range whole);
    // How many slots there should be before some are taken for parts of `whole`. Suspends.
    Task<void> wait_for_slots(std::shared_ptr<ChunkEntry> chunk, Range whole);
    [[nodiscard]] std::optional<Placement> plan_placement(ChunkEntry& chunk, Range part);
    void let_go_of(ChunkEntry& chunk, std::span<const Placement> placements);
    [[nodiscard]] bool holds_nothing(const ChunkEntry& chunk, Range range) const;
    Task<Result<void>> put_in_place(std::shared_ptr<ChunkEntry> chunk,
                                    const std::vector<Placement>& placements, Range whole,
                                    const Buffer& data);
    // Both give the sequence of the journal group to wait for.
    enum class WriteIf : uint8_t { always, content_is_the_same, content_is_lost };
    [[nodiscard]] static Error overtaken();
    Task<Result<uint64_t>> write_large(const ChunkWrite& write, Range whole, Buffer data);
    // 0: something came between, and it is to go another way.
    Task<Result<uint64_t>> append_placed(const ChunkWrite& write, const Placement& placement,
                                         const PlacedClaims::Claim& claim);
    // In order, until something comes between.
    struct Appended {
        size_t count = 0;
        uint64_t sequence = 0;  // of the last
    };
    Task<Result<void>> append_all(const ChunkWrite& write, const std::vector<Placement>& placements,
                                  const PlacedClaims::Claim& claim, Appended& appended);
    // Through the journal, in records of bounded size. `data` begins with block `data_first`.
    Task<Result<void>> wait_for(uint64_t sequence, bool durable);
    Task<Result<uint64_t>> write_pieces(const ChunkWrite& write, Range range, uint32_t data_first,
                                        const Buffer& data);
    Task<Result<uint64_t>> write_piece(const ChunkWrite& write, Range piece, Buffer data,
                                       WriteIf write_if);
    Task<Result<uint64_t>> zero_range(const ChunkZeros& zeros, Range piece);
    Task<Result<void>> put_right(ChunkId chunk, uint32_t block, Buffer content, WriteIf write_if);
    // What has_space() needs to know of these blocks, if it is not clear without.
    Task<Result<void>> load_for_space(std::shared_ptr<ChunkEntry> chunk, Range range);
    [[nodiscard]] Result<bool> has_space(const ChunkEntry& chunk, Range range) const;
    void adopt(ChunkEntry& chunk, const WriteTag& tag);

    struct ReadPlan;
    Result<bool> plan_read(const ChunkEntry& chunk, Range range, ReadPlan& plan);
    Task<Result<void>> read_base(std::shared_ptr<ChunkEntry> chunk, Range range, ReadPlan& plan,
                                 Buffer& data);
    static Task<Result<void>> read_places(File& file, ChunkGeometry geometry, Range range,
                                          const ReadPlan& plan, Buffer& data);
    Task<Result<void>> read_alone(std::shared_ptr<ChunkEntry> chunk, uint32_t block, ReadPlan& plan,
                                  uint32_t at, Buffer& data);
    Task<Result<void>> read_again(std::shared_ptr<ChunkEntry> chunk, uint32_t block, ReadPlan& plan,
                                  uint32_t at, Buffer& data);
    // How many it read; fills `bad`.
    Task<Result<uint32_t>> verify_blocks(std::shared_ptr<ChunkEntry> chunk, Range range,
                                         std::vector<BadBlock>& bad);
    enum class OnDisk : uint8_t { good, bad, unclear };
    Task<Result<OnDisk>> look_at_headers(std::shared_ptr<ChunkEntry> chunk, uint32_t& bad);
    Task<Result<OnDisk>> look_at_page(std::shared_ptr<ChunkEntry> chunk, uint32_t page);
    Task<Result<bool>> write_page_again(std::shared_ptr<ChunkEntry> chunk, uint32_t page);
    void rewrite_soon();
    Task<Result<void>> write_headers_again(std::shared_ptr<ChunkEntry> chunk);
    static void finish_read(ChunkId chunk, Range range, const ReadPlan& plan, ChunkRead& result);

    Task<Result<void>> mark(ChunkId chunk, Version version, uint8_t state);
    uint64_t append_epoch(FileId file, LeaseEpoch epoch, const RoomRequest& room);
    Task<Result<void>> make_durable(uint64_t sequence);
    Task<void> record_failure();

    std::unique_ptr<StoreCore> core_;
    std::unique_ptr<Applier> applier_;
    std::unique_ptr<FileLock> lock_;
    StartReport report_;
    StoreCounters counters_;
    Scope scope_;
    uint32_t operations_ = 0;
    Condition idle_;
};

}  // namespace cairn::chunk
