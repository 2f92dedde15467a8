#include "chunk/placed_ranges.h"

#include <iterator>

namespace cairn::chunk {

void PlacedRanges::split_at(uint32_t block) {
    auto range = ranges_.lower_bound(block);
    if (range == ranges_.begin())
        return;
    --range;
    if (range->second.end <= block)
        return;
    ranges_[block] = range->second;
    range->second.end = block;
}

void PlacedRanges::add(uint32_t first_block, uint32_t count, uint64_t ordinal) {
    const uint32_t end = first_block + count;
    split_at(first_block);
    split_at(end);
    ranges_.erase(ranges_.lower_bound(first_block), ranges_.lower_bound(end));
    ranges_[first_block] = {end, ordinal};
}

uint64_t PlacedRanges::newest_at(uint32_t block) const {
    const auto behind = ranges_.upper_bound(block);
    if (behind == ranges_.begin())
        return 0;
    const auto range = std::prev(behind);
    return block < range->second.end ? range->second.ordinal : 0;
}

}  // namespace cairn::chunk
