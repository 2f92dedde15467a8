#include "telemetry/histogram.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "telemetry/counter.h"

namespace cairn {
namespace {

TEST(Histogram, BucketsTileAllNumbers) {
    uint64_t next = 0;
    for (size_t bucket = 0; bucket < Histogram::bucket_count; bucket++) {
        const uint64_t end = Histogram::bucket_end(bucket);
        ASSERT_GE(end, next);
        EXPECT_EQ(Histogram::bucket_of(next), bucket);
        EXPECT_EQ(Histogram::bucket_of(end), bucket);
        EXPECT_LE(end - next, next / Histogram::steps);
        next = end + 1;
    }
    EXPECT_EQ(next, 0u) << "the last bucket ends at 2^64 - 1";
}

// Numbers of all sizes, the same everywhere.
std::vector<uint64_t> sample(size_t count) {
    std::vector<uint64_t> values;
    uint64_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        values.push_back(state >> (state % 60));
    }
    return values;
}

TEST(Histogram, QuantilesAreWithinASixteenth) {
    std::vector<uint64_t> values = sample(5000);
    Histogram histogram;
    for (const uint64_t value : values)
        histogram.add(value);
    std::sort(values.begin(), values.end());
    EXPECT_EQ(histogram.minimum(), values.front());
    EXPECT_EQ(histogram.maximum(), values.back());
    for (const uint64_t permille : {1, 10, 250, 500, 900, 990, 999, 1000}) {
        const uint64_t exact = values[(5000 * permille + 999) / 1000 - 1];
        const uint64_t told = histogram.quantile(permille, 1000);
        EXPECT_GE(told, exact);
        EXPECT_LE(told - exact, exact / Histogram::steps) << permille;
    }
    EXPECT_EQ(histogram.quantile(0, 100), values.front());
    EXPECT_EQ(histogram.quantile(100, 100), values.back());
}

TEST(Histogram, MergingIsCountingBoth) {
    const std::vector<uint64_t> values = sample(1000);
    Histogram all;
    Histogram parts[2];
    for (size_t i = 0; i < values.size(); i++) {
        all.add(values[i]);
        parts[i % 3 == 0].add(values[i]);
    }
    parts[0].merge(parts[1]);
    parts[0].merge(Histogram());
    EXPECT_EQ(parts[0].count(), all.count());
    EXPECT_EQ(parts[0].sum(), all.sum());
    EXPECT_EQ(parts[0].minimum(), all.minimum());
    EXPECT_EQ(parts[0].maximum(), all.maximum());
    for (size_t bucket = 0; bucket < Histogram::bucket_count; bucket++)
        ASSERT_EQ(parts[0].in_bucket(bucket), all.in_bucket(bucket));
}

TEST(Histogram, EmptyIsAllZeros) {
    const Histogram histogram;
    EXPECT_EQ(histogram.count(), 0u);
    EXPECT_EQ(histogram.minimum(), 0u);
    EXPECT_EQ(histogram.maximum(), 0u);
    EXPECT_EQ(histogram.quantile(99, 100), 0u);
}

TEST(Counter, AddsAndMerges) {
    Counter counter;
    counter.add();
    counter.add(41);
    Counter other;
    other.merge(counter);
    EXPECT_EQ(other.value(), 42u);
}

}  // namespace
}  // namespace cairn
