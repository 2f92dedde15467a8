#include "meta/master/recovery_progress.h"

#include <gtest/gtest.h>

namespace cairn::meta {
namespace {

TEST(RecoveryProgressTest, TheTimeLeftFollowsThePaceOfTheLastMinute) {
    RecoveryProgress progress;
    Instant now = Instant{} + seconds(1000);
    EXPECT_EQ(progress.left(10, now), Duration());
    for (int i = 0; i < 40; i++) {
        progress.copied(now);
        now = now + milliseconds(500);
    }
    // Two a second.
    EXPECT_NEAR(static_cast<double>(progress.left(100, now).seconds()), 50, 6);
    EXPECT_EQ(progress.left(0, now), Duration());
    // It comes to a stand: the estimate grows, then nothing is known any more.
    const Duration before = progress.left(100, now);
    now = now + seconds(20);
    EXPECT_GT(progress.left(100, now), before);
    now = now + seconds(60);
    EXPECT_EQ(progress.left(100, now), Duration());
}

}  // namespace
}  // namespace cairn::meta
