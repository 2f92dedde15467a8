// PendingZeros: ranges that the journal says are zeros and base does not yet. A block in the
// overlay is always newer than a range that covers it: putting a range erases the blocks under it.
// Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "chunk/chunk_entry.h"
#include "journal/ring_format.h"

namespace cairn::chunk {

struct ZeroRange {
    ChunkRef chunk;
    uint32_t first_block = 0;
    uint32_t count = 0;
    bool punch = false;
    journal::Sequence sequence = 0;
    bool frozen = false;

    [[nodiscard]] bool covers(uint32_t block) const {
        return block >= first_block && block - first_block < count;
    }
};

class PendingZeros {
  public:
    void put(ZeroRange range);
    void erase_chunk(const ChunkEntry& chunk);
    // The newest range over the block, or null.
    [[nodiscard]] const ZeroRange* find(const ChunkEntry& chunk, uint32_t block) const;

    [[nodiscard]] std::vector<ZeroRange> freeze();
    // What was frozen is in base, or could not be put there and is pending again.
    void applied();
    void not_applied();

    [[nodiscard]] size_t size() const { return ranges_.size(); }
    [[nodiscard]] bool has_unfrozen() const;

  private:
    std::vector<ZeroRange> ranges_;  // in the order of the journal
};

}  // namespace cairn::chunk
