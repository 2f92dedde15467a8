#include "meta/master/queue_depths.h"

#include <gtest/gtest.h>

namespace cairn::meta {
namespace {

TEST(QueueDepthsTest, AverageAndMaximumAreOfTheLastMinute) {
    QueueDepths depths;
    Instant now = Instant{} + seconds(1000);
    EXPECT_EQ(depths.average_tenths(now), 0U);
    for (int i = 0; i < 60; i++) {
        now = now + seconds(1);
        depths.heard(CsId(1025), now, i < 30 ? 0 : 40, {{ChunkId(7), 500}});
        depths.heard(CsId(1026), now, 10, {});
    }
    ASSERT_EQ(depths.loads(now).size(), 2U);
    EXPECT_EQ(depths.loads(now)[0].depth_tenths, 20U);
    EXPECT_EQ(depths.loads(now)[1].depth_tenths, 10U);
    EXPECT_EQ(depths.average_tenths(now), 15U);
    EXPECT_EQ(depths.maximum_tenths(now), 40U);
    EXPECT_EQ(depths.hottest(CsId(1025)).at(0).chunk, ChunkId(7));
    EXPECT_TRUE(depths.hottest(CsId(1099)).empty());
    // One is not heard of any more.
    for (int i = 0; i < 61; i++) {
        now = now + seconds(1);
        depths.heard(CsId(1026), now, 10, {});
    }
    EXPECT_EQ(depths.loads(now).size(), 1U);
    EXPECT_EQ(depths.maximum_tenths(now), 10U);
}

}  // namespace
}  // namespace cairn::meta
