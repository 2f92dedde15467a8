// Deletions: has chunk servers delete the replicas of chunks that the log has removed. Best effort,
// in batches: what is not deleted now is found as an orphan when its server registers next.
#pragma once

#include <map>
#include <set>

#include "base/ids.h"
#include "runtime/runtime.h"

namespace cairn::meta {

class Master;

class Deletions {
  public:
    explicit Deletions(Master& master);

    void add(CsId cs, ChunkId chunk);
    // The server is no more.
    void forget(CsId cs) { waiting_.erase(cs); }
    Task<void> run();
    [[nodiscard]] size_t waiting() const;

  private:
    Task<void> delete_batch(CsId cs, std::vector<ChunkId> chunks);

    Master& master_;
    Condition added_;
    std::map<CsId, std::set<ChunkId>> waiting_;
};

}  // namespace cairn::meta
