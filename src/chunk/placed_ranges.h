// PlacedRanges: which blocks of one chunk writes in the journal have put in place, and the newest
// of these for each. Recovery asks it what must not be put there any more. Pure.
#pragma once

#include <cstdint>
#include <map>

namespace cairn::chunk {

class PlacedRanges {
  public:
    // REQUIRES: `ordinal` is above 0 and not below any that was added before.
    void add(uint32_t first_block, uint32_t count, uint64_t ordinal);
    // 0: none.
    [[nodiscard]] uint64_t newest_at(uint32_t block) const;

  private:
    struct Range {
        uint32_t end = 0;
        uint64_t ordinal = 0;
    };
    // From `block` on, a range begins, if it lies in one.
    void split_at(uint32_t block);

    std::map<uint32_t, Range> ranges_;  // by first block; they do not overlap
};

}  // namespace cairn::chunk
