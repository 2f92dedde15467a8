#include "client/flush_habit.h"

#include <gtest/gtest.h>

namespace cairn::client {
namespace {

// The last write's answer.
bool write_and_flush(FlushHabit& habit, int writes) {
    bool follows = false;
    for (int i = 0; i < writes; i++)
        follows = habit.flush_follows();
    habit.flushed();
    return follows;
}

TEST(FlushHabit, IsSeenAfterAFewFlushes) {
    FlushHabit habit;
    for (int i = 0; i < 4; i++)
        EXPECT_FALSE(write_and_flush(habit, 1));
    EXPECT_TRUE(write_and_flush(habit, 1));
    EXPECT_TRUE(write_and_flush(habit, 2));
}

TEST(FlushHabit, EndsWithTheFirstRunOfWrites) {
    FlushHabit habit;
    for (int i = 0; i < 5; i++)
        write_and_flush(habit, 1);
    EXPECT_TRUE(habit.flush_follows());
    EXPECT_TRUE(habit.flush_follows());
    EXPECT_FALSE(habit.flush_follows());
    EXPECT_FALSE(habit.flush_follows());
    habit.flushed();
    for (int i = 0; i < 4; i++)
        EXPECT_FALSE(write_and_flush(habit, 1));
    EXPECT_TRUE(write_and_flush(habit, 1));
}

TEST(FlushHabit, AFlushOfNothingSaysNothing) {
    FlushHabit habit;
    for (int i = 0; i < 10; i++)
        habit.flushed();
    EXPECT_FALSE(habit.flush_follows());
}

TEST(FlushHabit, IsNeverSeenWhereNobodyFlushes) {
    FlushHabit habit;
    for (int i = 0; i < 100; i++)
        EXPECT_FALSE(habit.flush_follows());
}

}  // namespace
}  // namespace cairn::client
