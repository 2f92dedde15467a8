// Joins: puts replicas into the sets of their chunks: those that left and are still on their
// servers, of which only what differs moves, and new ones that recovery wants. One task a join, a
// bounded number at once; one join a chunk.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/ids.h"
#include "base/time.h"
#include "runtime/runtime.h"
#include "wire/order_messages.h"

namespace cairn::meta {

class Master;
struct Chunk;

class Joins {
  public:
    explicit Joins(Master& master);

    // A server holds, or held, a replica that is not in its chunk's set: it joins when the server
    // answers and the chunk has fewer replicas than it should.
    void offer(ChunkId chunk, CsId cs);
    // Recovery wants a new replica there. If it does not come about, nothing is left of it.
    void copy_to(ChunkId chunk, CsId cs);
    // A replica joins, or its server will bring it back unless it is lost or full.
    [[nodiscard]] bool expects(ChunkId chunk) const;
    // What recovery wanted and is not done: onto which server, and how many onto each.
    [[nodiscard]] bool copies_chunk(ChunkId chunk) const { return copies_.contains(chunk); }
    [[nodiscard]] std::map<CsId, size_t> copies_by_server() const;
    // At an election: joiners of the former master leave, and join again.
    void take_up();
    // Starts what can be started, again and again until the master stops.
    Task<void> run();
    // On servers that answer: what is on others may never come back.
    [[nodiscard]] size_t waiting() const;
    [[nodiscard]] size_t running() const { return running_.size(); }

  private:
    enum class Verdict : uint8_t { start, wait, forget, remove };
    [[nodiscard]] Verdict judge(ChunkId chunk, CsId cs) const;
    [[nodiscard]] bool is_full(CsId cs) const;
    void did_not_join(ChunkId chunk, CsId cs, Code code);
    Task<void> join(ChunkId chunk, CsId cs);
    Task<Result<void>> begin(ChunkId chunk, CsId cs);
    Task<Result<void>> copy(ChunkId chunk, CsId cs);
    [[nodiscard]] CsId choose_source(const Chunk& chunk) const;
    Task<void> give_up(ChunkId chunk, CsId cs);
    Task<void> leave_all(std::vector<std::pair<ChunkId, CsId>> joiners);
    [[nodiscard]] ChunkDescription describe(ChunkId chunk, Version version) const;

    Master& master_;
    Condition changed_;
    std::map<std::pair<ChunkId, CsId>, Instant> offered_;  // and not tried before that
    std::set<ChunkId> running_;
    std::map<CsId, Instant> full_until_;  // no join fitted there lately
    std::map<ChunkId, CsId> copies_;
    std::map<CsId, size_t> reading_;  // joins that copy from each server now
};

}  // namespace cairn::meta
