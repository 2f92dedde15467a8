// Joins: puts replicas back into the sets that they left. A replica that is still on its server
// joins again there and only what differs moves. One task a join, a bounded number at once; one
// join a chunk.
#pragma once

#include <set>
#include <utility>

#include "base/ids.h"
#include "runtime/runtime.h"
#include "wire/order_messages.h"

namespace cairn::meta {

class Master;

class Joins {
  public:
    explicit Joins(Master& master);

    // A server holds, or held, a replica that is not in its chunk's set: it joins when the server
    // answers and the chunk has fewer replicas than it should.
    void offer(ChunkId chunk, CsId cs);
    // At an election: joiners of the former master leave, and join again.
    void take_up();
    // Starts what can be started, again and again until the master stops.
    Task<void> run();
    [[nodiscard]] size_t waiting() const { return offered_.size(); }
    [[nodiscard]] size_t running() const { return running_.size(); }

  private:
    enum class Verdict : uint8_t { start, wait, forget, remove };
    [[nodiscard]] Verdict judge(ChunkId chunk, CsId cs) const;
    Task<void> join(ChunkId chunk, CsId cs);
    Task<Result<void>> begin(ChunkId chunk, CsId cs);
    Task<Result<void>> copy(ChunkId chunk, CsId cs);
    Task<void> give_up(ChunkId chunk, CsId cs);
    Task<void> leave_all(std::vector<std::pair<ChunkId, CsId>> joiners);
    [[nodiscard]] ChunkDescription describe(ChunkId chunk, Version version) const;

    Master& master_;
    Condition changed_;
    std::set<std::pair<ChunkId, CsId>> offered_;
    std::set<ChunkId> running_;
};

}  // namespace cairn::meta
