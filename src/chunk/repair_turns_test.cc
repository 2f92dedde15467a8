#include "chunk/repair_turns.h"

#include <gtest/gtest.h>
#include <vector>

#include "runtime/scope.h"

namespace cairn::chunk {
namespace {

struct RepairTurnsTest : testing::Test {
    Task<void> take(int number, Instant deadline) {
        const bool came = co_await turns.wait(mib, deadline);
        (came ? served : gave_up).push_back(number);
    }
    void run_until(Instant end) {
        while (true) {
            while (loop.run_turn()) {
            }
            if (loop.next_deadline() > end)
                break;
            loop.advance(loop.next_deadline());
        }
        loop.advance(end);
    }

    Loop loop;
    ServiceCounters counters;
    RepairTurns turns{loop, counters};
    Scope scope{loop};
    std::vector<int> served;
    std::vector<int> gave_up;
    Instant beginning = loop.now();
};

TEST_F(RepairTurnsTest, FirstComeFirstServed) {
    turns.set_limit(mib);
    for (int i = 0; i < 4; i++)
        scope.spawn(take(i, Instant::never()));
    run_until(beginning + milliseconds(1500));
    EXPECT_EQ(served, (std::vector{0, 1}));
    run_until(beginning + seconds(5));
    EXPECT_EQ(served, (std::vector{0, 1, 2, 3}));
}

TEST_F(RepairTurnsTest, WhoGivesUpUsesNothingUp) {
    turns.set_limit(mib);
    scope.spawn(take(0, Instant::never()));
    for (int i = 1; i < 20; i++)
        scope.spawn(take(i, beginning + milliseconds(500)));
    scope.spawn(take(20, Instant::never()));
    run_until(beginning + milliseconds(1100));
    EXPECT_EQ(gave_up.size(), 19U);
    EXPECT_EQ(served, (std::vector{0, 20}));
}

TEST_F(RepairTurnsTest, ALimitThatIsLiftedHoldsNobody) {
    turns.set_limit(1);
    for (int i = 0; i < 3; i++)
        scope.spawn(take(i, Instant::never()));
    run_until(beginning + seconds(10));
    EXPECT_EQ(served, (std::vector{0}));
    turns.set_limit(0);
    run_until(beginning + seconds(11));
    EXPECT_EQ(served, (std::vector{0, 1, 2}));
}

}  // namespace
}  // namespace cairn::chunk
