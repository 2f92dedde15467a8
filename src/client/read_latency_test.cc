#include "client/read_latency.h"

#include <gtest/gtest.h>

#include "base/size.h"

namespace cairn::client {
namespace {

constexpr CsId fast(1025);
constexpr CsId slow(1026);
constexpr Instant start{seconds(100).nanoseconds};

Duration percentile_of(const std::vector<int64_t>& latencies_us) {
    LatencyHistogram histogram;
    for (const int64_t latency : latencies_us)
        histogram.add(microseconds(latency));
    EXPECT_TRUE(histogram.tells());
    return histogram.percentile_95();
}

TEST(LatencyHistogram, SaysHowLongAlmostAllTake) {
    EXPECT_FALSE(LatencyHistogram().tells());
    for (const int64_t us : {1, 2, 3, 7, 100, 999, 4096, 100'000, 5'000'000}) {
        const Duration found = percentile_of(std::vector<int64_t>(40, us));
        EXPECT_GE(found, microseconds(us));
        EXPECT_LE(found.microseconds(), us + us / 4 + 1) << "within a quarter";
    }
    std::vector<int64_t> mixed(300, 200);
    for (size_t i = 0; i < mixed.size(); i += 30)
        mixed[i] = 50'000;
    EXPECT_LE(percentile_of(mixed), microseconds(260)) << "one in thirty is not almost all";
    for (size_t i = 0; i < mixed.size(); i += 10)
        mixed[i] = 50'000;
    EXPECT_GE(percentile_of(mixed), milliseconds(50));
    EXPECT_GE(percentile_of(std::vector<int64_t>(40, 100'000'000)), seconds(16)) << "the last";
}

TEST(LatencyHistogram, FollowsWhatChanges) {
    LatencyHistogram histogram;
    for (int i = 0; i < 1000; i++)
        histogram.add(milliseconds(80));
    for (int i = 0; i < 3000; i++)
        histogram.add(microseconds(300));
    EXPECT_LE(histogram.percentile_95(), milliseconds(1));
}

TEST(ReadLatency, PatienceIsThatOfTheServerToBeAskedInstead) {
    ReadLatency latency;
    EXPECT_EQ(latency.patience(fast, 4096), ReadLatency::patience_unknown);
    for (int i = 0; i < 100; i++) {
        latency.answered(fast, 4096, milliseconds(20));
        latency.answered(slow, 4096, seconds(3));
    }
    EXPECT_GE(latency.patience(fast, 4096), milliseconds(20));
    EXPECT_LE(latency.patience(fast, 4096), milliseconds(26));
    EXPECT_EQ(latency.patience(slow, 4096), ReadLatency::patience_most);
    EXPECT_EQ(latency.patience(fast, 1 * mib), ReadLatency::patience_unknown)
        << "large ones differ";
    for (int i = 0; i < 100; i++)
        latency.answered(fast, 1 * mib, microseconds(90));
    EXPECT_EQ(latency.patience(fast, 1 * mib), ReadLatency::patience_least);
}

TEST(ReadLatency, SecondRequestsAreAFewAtOnceAndATwentiethInTheLongRun) {
    ReadLatency latency;
    uint32_t at_once = 0;
    while (latency.may_hedge())
        at_once++;
    EXPECT_EQ(at_once, 64U);
    uint32_t granted = 0;
    for (int i = 0; i < 10'000; i++) {
        latency.began();
        granted += latency.may_hedge() ? 1 : 0;
    }
    EXPECT_EQ(granted, 500U);
    EXPECT_EQ(latency.hedges(), 564U);
}

TEST(ReadLatency, AServerThatIsLateMoreThanOnceIsPassedOverForAWhile) {
    ReadLatency latency;
    latency.late(slow, start);
    EXPECT_FALSE(latency.is_slow(slow, start)) << "that happens to all";
    latency.late(slow, start);
    EXPECT_TRUE(latency.is_slow(slow, start));
    EXPECT_FALSE(latency.is_slow(fast, start));
    latency.late_ended(slow, true, start);
    latency.late_ended(slow, true, start);
    EXPECT_TRUE(latency.is_slow(slow, start + milliseconds(900)));
    EXPECT_FALSE(latency.is_slow(slow, start + milliseconds(1100))) << "it is tried again";
}

TEST(ReadLatency, LongerEachTimeUntilItAnswersInTime) {
    ReadLatency latency;
    Instant now = start;
    Duration longest;
    for (int round = 0; round < 8; round++) {
        latency.late(slow, now);
        latency.late(slow, now);
        latency.late_ended(slow, false, now);
        latency.late_ended(slow, false, now);
        Duration avoided;
        while (latency.is_slow(slow, now + avoided))
            avoided = avoided + milliseconds(100);
        EXPECT_GE(avoided, longest);
        longest = avoided;
        now = now + avoided;
    }
    EXPECT_EQ(longest, seconds(30));
    latency.answered(slow, 4096, milliseconds(1));
    latency.late(slow, now);
    latency.late(slow, now);
    latency.late_ended(slow, true, now);
    latency.late_ended(slow, true, now);
    EXPECT_FALSE(latency.is_slow(slow, now + milliseconds(1100))) << "from the beginning";
}

}  // namespace
}  // namespace cairn::client
