// ChunkService: what a chunk server answers. It keeps the rules of docs/design/cluster-protocol.md
// for the replicas that a ChunkStore holds: gates every request by version and lease epoch, seals
// and fences, joins and compares. One service a store, on one loop; a request runs where it
// arrived. Registration with the master is in registration.h.
//
// The way of a write: serve_data.cc (gate, note the blocks) -> store.h (journal, acknowledge; apply
// behind).
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "chunk/repair_turns.h"
#include "chunk/replica.h"
#include "chunk/rules.h"
#include "chunk/service_counters.h"
#include "chunk/store.h"
#include "rpc/link.h"
#include "rpc/server.h"
#include "runtime/runtime.h"
#include "wire/chunk_messages.h"
#include "wire/order_messages.h"
#include "wire/scrub_messages.h"

namespace cairn::chunk {

// Of those kept until the next heartbeat.
constexpr size_t bad_blocks_max = 10'000;

class ChunkService final : public rpc::Handler {
  public:
    // `admitted`: the start was clean, so that what is held may be served once a master has
    // accepted the start, before it has spoken of each replica.
    ChunkService(Runtime& runtime, ChunkStore& store, rpc::Links& peers, bool admitted,
                 const ServiceRules& rules, Duration forget_files_after);
    ~ChunkService() override;

    Task<rpc::Response> handle(rpc::Session& session, rpc::Request request) override;
    // For registration and heartbeats.
    [[nodiscard]] std::vector<HeldChunk> held_chunks() const;
    [[nodiscard]] ServiceCounters& counters() { return counters_; }
    // Found since they were last forgotten; the master is told until it has heard.
    [[nodiscard]] std::vector<std::pair<ChunkId, uint32_t>> bad_blocks() const;
    // Replicas whose files were found to have vanished.
    [[nodiscard]] std::vector<ChunkId> lost_chunks() const { return store_.vanished(); }
    void forget_bad_blocks(const std::vector<std::pair<ChunkId, uint32_t>>& told);
    // Makes durable what later starts go by: the highest log position that was heard of, and that
    // the master has readmitted everything. Called with each heartbeat.
    Task<Result<void>> keep_what_was_heard();
    // Now and then what is kept of files that are not here any more goes (idle_files.cc).
    Task<Result<void>> forget_idle_files();
    // Before that nothing is answered: this may be an old copy of the repository.
    void start_is_accepted() { start_accepted_ = true; }
    // A master's reply shows a position, too.
    void heard_of(LogIndex position) { highest_position_ = std::max(highest_position_, position); }
    void limit_repair(uint64_t bytes_per_second) { repair_turns_.set_limit(bytes_per_second); }
    [[nodiscard]] size_t replica_count() const { return replicas_.size(); }
    [[nodiscard]] LogIndex highest_position() const {
        return rules_.refuse_masters_behind ? highest_position_ : LogIndex();
    }

  private:
    Task<rpc::Response> dispatch(rpc::Request request);

    // Data, for clients (serve_data.cc)
    Task<rpc::Response> read_blocks(ReadBlocksRequest request);
    Task<rpc::Response> write_blocks(WriteBlocksRequest request, Buffer payload);
    Task<rpc::Response> flush_chunks(FlushChunksRequest request);

    // Copies, for other chunk servers (serve_copies.cc)
    Task<rpc::Response> read_table(ReadTableRequest request);
    Task<rpc::Response> copy_blocks(CopyBlocksRequest request);
    Task<Result<void>> read_for_copy(ChunkId chunk, uint32_t first, uint32_t count,
                                     CopyBlocksReply& reply, rpc::Payload& payload);

    // Orders of the master (serve_orders.cc)
    Task<rpc::Response> create_chunk(CreateChunkOrder order);
    Task<rpc::Response> delete_chunks(DeleteChunksOrder order);
    Task<rpc::Response> fence_files(FenceFilesOrder order);
    Task<rpc::Response> seal_chunks(SealChunksOrder order);
    Task<rpc::Response> admit_chunks(AdmitChunksOrder order);
    Task<rpc::Response> sync_chunk(SyncChunkOrder order);
    Task<rpc::Response> begin_join(BeginJoinOrder order);
    Task<rpc::Response> run_join(RunJoinOrder order);
    Task<rpc::Response> compare_chunk(CompareChunkOrder order);
    Task<rpc::Response> restore_blocks(RestoreBlocksOrder order);

    // Scrubbing (serve_scrub.cc)
    Task<rpc::Response> verify_chunk(VerifyChunkOrder order);
    Task<rpc::Response> digest_chunk(DigestChunkOrder order);

    [[nodiscard]] Result<void> check_master(const OrderHeader& header);
    // Null where the chunk is not here.
    [[nodiscard]] std::shared_ptr<Replica> find(ChunkId chunk) const;
    [[nodiscard]] Error lost(ChunkId chunk) const;
    // The file's fence; made on first use.
    [[nodiscard]] std::shared_ptr<FileFence> fence_of(FileId file);
    [[nodiscard]] bool is_idle(FileId file) const;
    void note_files_here();
    Task<Result<std::shared_ptr<Replica>>> make_replica(ChunkDescription description,
                                                        ChunkState state);
    // It is answered for no more, and nothing is left of it.
    Task<Result<void>> forget_replica(ChunkId chunk);
    void note_bad_block(ChunkId chunk, uint32_t block);
    Task<void> note_bad_blocks(ChunkId chunk, std::vector<BadBlock> bad);
    Task<void> note_lost_page(ChunkId chunk, uint32_t page);
    Task<Result<void>> restore_block(ChunkId chunk, uint32_t block, Buffer content);
    Task<void> fence_file(FileId file, LeaseEpoch epoch, Result<void>& outcome);
    Task<void> seal_replica(std::shared_ptr<Replica> replica, Version version,
                            Result<void>& outcome);

    Runtime& runtime_;
    ChunkStore& store_;
    rpc::Links& peers_;
    const ServiceRules& rules_;
    Duration forget_files_after_;
    Instant look_for_idle_files_at_;
    std::map<ChunkId, std::shared_ptr<Replica>> replicas_;
    std::map<FileId, std::shared_ptr<FileFence>> fences_;
    LogIndex highest_position_;
    bool start_accepted_ = false;
    bool all_admitted_;  // and the store knows
    ServiceCounters counters_;
    RepairTurns repair_turns_;
    std::set<std::pair<ChunkId, uint32_t>> bad_blocks_;
};

}  // namespace cairn::chunk
