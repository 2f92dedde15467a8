#include "chunk/placed_ranges.h"

#include <gtest/gtest.h>
#include <vector>

#include "runtime/random.h"

namespace cairn::chunk {
namespace {

TEST(PlacedRanges, TellsTheNewestOfEachBlock) {
    Xoshiro random(1);
    for (int round = 0; round < 200; round++) {
        PlacedRanges ranges;
        std::vector<uint64_t> naive(64);
        for (uint64_t ordinal = 1; ordinal <= 30; ordinal++) {
            const auto first = static_cast<uint32_t>(random.below(naive.size()));
            const auto count = static_cast<uint32_t>(1 + random.below(naive.size() - first));
            ranges.add(first, count, ordinal);
            for (uint32_t i = 0; i < count; i++)
                naive[first + i] = ordinal;
            for (uint32_t block = 0; block < naive.size(); block++)
                ASSERT_EQ(ranges.newest_at(block), naive[block]) << round << " " << block;
        }
    }
}

}  // namespace
}  // namespace cairn::chunk
