// PlacedClaims: the blocks that large writes are being put in place for. Who wants to write to one
// of them waits until that is recorded, so that writes keep their order; who was on the way before
// disturbs it, and it takes the way through the journal, behind. Owned by StoreCore.
#pragma once

#include <cstdint>
#include <vector>

#include "chunk/chunk_entry.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace cairn::chunk {

class PlacedClaims {
  public:
    explicit PlacedClaims(Loop& loop) : changed_(loop) {}

    class Claim {
      public:
        Claim(PlacedClaims& claims, const ChunkEntry& chunk, uint32_t first_block, uint32_t count);
        Claim(const Claim&) = delete;
        Claim& operator=(const Claim&) = delete;
        ~Claim();

        // Something else happened to the blocks: what was planned for them is not to be done.
        [[nodiscard]] bool disturbed() const { return disturbed_; }

      private:
        friend class PlacedClaims;
        PlacedClaims& claims_;
        const ChunkEntry& chunk_;  // outlives the claim
        uint32_t first_block_;
        uint32_t count_;
        bool disturbed_ = false;
    };

    [[nodiscard]] bool overlap(const ChunkEntry& chunk, uint32_t first_block, uint32_t count) const;
    // Until none overlaps; nothing has run since when it returns.
    Task<void> wait(ChunkRef chunk, uint32_t first_block, uint32_t count);
    void disturb(const ChunkEntry& chunk, uint32_t first_block, uint32_t count);

  private:
    std::vector<Claim*> claims_;
    Condition changed_;
};

}  // namespace cairn::chunk
