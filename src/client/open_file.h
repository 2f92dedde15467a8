// OpenFile: one file of the cluster under one lease of this client, shared by everything here that
// has it open. Reads and writes any byte range; whole 4 KiB blocks travel, each with a checksum
// made here once. Requests that overlap wait for each other. I/O waits while the cluster cannot
// serve it (no quorum, too few replicas, no lease for a while) and fails with lease_lost only once
// the master has ended the lease. Owned by Client; runs on its loop.
//
// The way of a write: write() -> write_path.cc (whole blocks, per chunk) -> fan_out.h (who must
// answer) -> cs_links.h (a frame to each replica).
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "block/range_lock.h"
#include "client/fan_out.h"
#include "client/flush_habit.h"
#include "client/read_race.h"
#include "client/rules.h"
#include "runtime/runtime.h"
#include "wire/chunk_messages.h"
#include "wire/meta_messages.h"

namespace cairn::client {

class Client;

using block::Access;
using block::RangeLock;

constexpr uint64_t max_file_size = 1ULL << 62;
constexpr uint32_t maps_per_fetch = 16;
// A replica that does not answer in this time is reported to the master, or passed over.
constexpr Duration read_timeout = seconds(5);
constexpr Duration write_timeout = seconds(10);

// What is known of a chunk, and how recently.
struct CachedMap {
    ChunkMap map;
    LogIndex position;        // of the view that showed it
    bool prepared = false;    // marked open for writing under this lease
    bool preparing = false;   // the mark is being put on: one request does for all writes
    bool unmarking = false;   // the mark is being taken off: writes wait
    uint64_t last_write = 0;  // number of the newest write that began on it

    // Before the first answer about it there is nothing to go by: not even that it is a hole.
    [[nodiscard]] bool known() const { return !position.is_none(); }
};

// What a write waits for. One that is to be durable spares the flush that would follow it.
enum class WriteUntil : uint8_t { held, durable };

class OpenFile : public std::enable_shared_from_this<OpenFile> {
  public:
    OpenFile(Client& client, OpenFileReply opened, LeaseMode mode, Instant asked_at);
    ~OpenFile();

    [[nodiscard]] FileId id() const { return node_.file; }
    [[nodiscard]] const NodeAttributes& node() const { return node_; }
    [[nodiscard]] uint64_t size() const { return node_.size; }
    // Of the lease that this goes by, which may have ended unheard.
    [[nodiscard]] LeaseEpoch epoch() const { return epoch_; }
    [[nodiscard]] bool writable() const { return mode_ == LeaseMode::exclusive; }

    // `length` bytes; what lies beyond the end of the file reads as zeros.
    Task<Result<Buffer>> read(uint64_t offset, uint64_t length);
    // Completes when every replica in sync holds it, or has it on stable media. Extends the file.
    Task<Result<void>> write(uint64_t offset, Buffer data, WriteUntil until = WriteUntil::held);
    // [offset, offset + length) reads as zeros; `punch`: and frees its space where whole blocks
    // allow, if the cluster is set so.
    Task<Result<void>> write_zeros(uint64_t offset, uint64_t length, bool punch);
    // Everything that completed before is on stable media on every replica, and the size with it.
    Task<Result<void>> flush();
    Task<Result<void>> truncate(uint64_t size);
    // Allocated runs of [offset, offset + length), at the granularity of chunks: (offset, length,
    // allocated).
    struct Extent {
        uint64_t offset;
        uint64_t length;
        bool allocated;
    };
    Task<Result<std::vector<Extent>>> extents(uint64_t offset, uint64_t length);

  private:
    friend class Client;

    struct Part;  // a run of whole blocks within one chunk

    // Lease (lease.cc)
    [[nodiscard]] bool lease_valid() const;
    Task<Result<void>> wait_for_lease();
    void lease_refreshed(const HeldLease& held, Instant asked_at);
    void lease_is_lost(std::string reason);
    [[nodiscard]] Error lost_error() const;
    [[nodiscard]] static Error gone_error(const ChunkMap& map);

    // Maps (map_cache.cc)
    Task<Result<CachedMap>> map_for_read(uint64_t index);
    Task<Result<CachedMap>> map_for_write(uint64_t index);
    // The map of a hole comes with the lease confirmed since the call: a client whose lease was
    // taken away unheard would meet no chunk server that refuses it.
    Task<Result<void>> confirm_hole(uint64_t index);
    Task<Result<void>> prepare_chunk(uint64_t index);
    Task<Result<void>> fetch_maps(uint64_t first_index, uint32_t count);
    Result<void> take_maps(const ChunkMapReply& reply);
    Task<Result<void>> report_piece(uint64_t index, const ChunkMap& map, CsId cs, Code code);
    [[nodiscard]] ChunkTag tag_of(const ChunkMap& map) const;

    // Reading (read_path.cc)
    Task<Result<void>> read_part(uint64_t index, uint32_t first_block, MutableByteView into);
    // A half at a time, each from any replica that has it.
    Task<Result<void>> read_halves(uint64_t index, uint32_t first_block, MutableByteView into);
    struct ReadOutcome {
        enum class Kind : uint8_t { read, stale, failed };
        Kind kind = Kind::failed;
        bool all_bad = true;  // every replica that answered has a bad block

        void take(const Result<void>& done, bool lease_stands);
    };
    Task<ReadOutcome> read_any(ChunkMap map, std::vector<CsId> order, uint32_t first_block,
                               MutableByteView into);
    void ask_next(const std::shared_ptr<ReadRace>& race, const ChunkMap& map,
                  const std::vector<CsId>& order, uint32_t first_block, uint64_t bytes);
    void hedge(const std::shared_ptr<ReadRace>& race, const ChunkMap& map,
               const std::vector<CsId>& order, uint32_t first_block, uint64_t bytes);
    [[nodiscard]] static Result<void> judge(const ChunkMap& map, const Result<rpc::Reply>& answer,
                                            uint32_t first_block, MutableByteView into);
    Task<void> read_part_into(uint64_t index, uint32_t first_block, MutableByteView into,
                              Result<void>& outcome);
    Task<Result<void>> read_blocks(uint64_t offset, MutableByteView into);
    [[nodiscard]] std::vector<CsId> read_order(const ChunkMap& map, uint32_t first_block) const;

    // Writing (write_path.cc)
    struct Operation;
    [[nodiscard]] Access write_access() const {
        return rules_.order_overlapping ? Access::exclusive : Access::shared;
    }
    Task<Result<void>> punch_after_truncation();
    Task<Result<void>> write_locked(uint64_t offset, Buffer data, WriteUntil until);
    Task<Result<void>> zero_locked(uint64_t offset, uint64_t length, bool punch);
    Task<Result<void>> write_parts(uint64_t offset, uint64_t length, WriteKind kind, Buffer blocks,
                                   WriteUntil until);
    void part_ended(const Part& part, uint64_t unflushed_before, bool durable);
    Task<void> run_part(std::shared_ptr<Part> part, Result<void>& outcome);
    Task<Result<void>> run_to_completion(std::shared_ptr<Operation> operation);
    // Runs in the background of the client: a request to a replica that left its set may outlive
    // the file's last handle.
    static Task<void> send_to(std::shared_ptr<OpenFile> file, std::shared_ptr<Operation> operation,
                              CsId cs, ChunkMap map);
    Task<Result<void>> handle_failures(Operation& operation);
    Task<Result<void>> resolve_no_space(Operation& operation);

    // Flushing (flush_path.cc)
    Task<void> flush_chunk(uint64_t index, Result<void>& outcome);
    Task<Result<void>> flush_chunks(uint64_t first_index, uint64_t last_index);
    Task<Result<void>> flush_range(uint64_t first_index, uint64_t last_index);
    Task<Result<void>> log_size(bool punched);
    Task<void> unmark_idle_chunks(uint64_t idle_since_write);

    Client& client_;
    const Rules& rules_;
    Runtime& runtime_;
    NodeAttributes node_;
    LeaseMode mode_;
    LeaseEpoch epoch_;
    Duration lease_timeout_;
    Instant lease_until_;  // by this client's clock
    bool lost_ = false;
    std::string lost_reason_;
    uint32_t handles_ = 1;
    uint8_t replicas_min_ = 1;

    std::map<uint64_t, CachedMap> maps_;
    LogIndex seen_;  // the newest view of this file
    RangeLock ranges_;
    Condition changed_;  // lease, maps, or an operation's answers
    bool confirming_ = false;
    uint64_t confirmations_begun_ = 0;
    uint64_t confirmations_done_ = 0;
    bool size_logged_ = true;
    std::map<uint64_t, uint64_t> dirty_;  // chunk index -> number of its newest unflushed write
    uint64_t write_count_ = 0;
    FlushHabit flush_habit_;
    std::map<uint64_t, uint32_t> in_flight_;  // chunk index -> writes under way
};

}  // namespace cairn::client
