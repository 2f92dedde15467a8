// ChunkIds: hands out ids of new chunks from a block that was reserved in the log before any of
// them is used, so that no id is used twice. A master that dies leaves the rest of its block
// unused.
#pragma once

#include <set>
#include <vector>

#include "base/ids.h"
#include "runtime/runtime.h"

namespace cairn::meta {

class Master;

class ChunkIds {
  public:
    explicit ChunkIds(Master& master);
    Task<Result<ChunkId>> next();

    // Ids whose chunks are being made: on chunk servers already, perhaps, and not in the log yet. A
    // chunk server that registers meanwhile shows them, and they are no orphans.
    class Making {
      public:
        explicit Making(ChunkIds& ids) : ids_(ids) {}
        Making(const Making&) = delete;
        Making& operator=(const Making&) = delete;
        ~Making() {
            for (const ChunkId id : mine_)
                ids_.being_made_.erase(id);
        }
        void add(ChunkId id) {
            mine_.push_back(id);
            ids_.being_made_.insert(id);
        }

      private:
        ChunkIds& ids_;
        std::vector<ChunkId> mine_;
    };
    [[nodiscard]] bool is_being_made(ChunkId id) const { return being_made_.contains(id); }

  private:
    std::set<ChunkId> being_made_;
    Master& master_;
    Mutex reserving_;
    ChunkId next_;
    uint32_t left_ = 0;
};

}  // namespace cairn::meta
