// Virtual time: the order of events, and hosts' clocks against it.
#include "runtime/sim/event_queue.h"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include "runtime/random.h"
#include "runtime/sim/machine_clock.h"

namespace cairn::sim {
namespace {

TEST(EventQueue, FiresByTimeThenByOrderOfScheduling) {
    EventQueue queue;
    std::vector<int> fired;
    std::vector<std::unique_ptr<Alarm>> alarms;
    for (int i = 0; i < 100; i++)
        alarms.push_back(std::make_unique<Alarm>(queue, [&fired, i] { fired.push_back(i); }));
    for (int i = 0; i < 100; i++)
        alarms[static_cast<size_t>(i)]->at({i % 3});
    alarms[4]->cancel();
    alarms[7]->at({50});  // moved
    alarms[9].reset();    // destroyed
    while (queue.next() != SimTime::never())
        queue.fire_next();
    std::vector<int> expected;
    for (int time = 0; time < 3; time++) {
        for (int i = time; i < 100; i += 3) {
            if (i != 4 && i != 7 && i != 9)
                expected.push_back(i);
        }
    }
    expected.push_back(7);
    EXPECT_EQ(fired, expected);
    EXPECT_EQ(queue.now(), SimTime{50});
    EXPECT_EQ(queue.fired(), 98u);
}

TEST(EventQueue, AnEventMayScheduleItselfAgainButNotInThePast) {
    EventQueue queue;
    int count = 0;
    std::unique_ptr<Alarm> alarm;
    alarm = std::make_unique<Alarm>(queue, [&] {
        if (++count < 5)
            alarm->at({0});
    });
    alarm->at({10});
    while (queue.next() != SimTime::never())
        queue.fire_next();
    EXPECT_EQ(count, 5);
    EXPECT_EQ(queue.now(), SimTime{10});
}

TEST(MachineClock, WhenIsTheFirstMomentThatShowsAnInstant) {
    Xoshiro random(7);
    for (int i = 0; i < 20'000; i++) {
        MachineClock clock;
        clock.set_rate({}, static_cast<int32_t>(random.below(20'001)) - 10'000);
        const SimTime booted{static_cast<int64_t>(random.below(1'000'000'000'000))};
        const Instant start{static_cast<int64_t>(random.below(1'000'000'000'000'000))};
        clock.boot(booted, start);
        const Instant wanted = start + nanoseconds(static_cast<int64_t>(random.below(1ULL << 50)));
        const SimTime at = clock.when(wanted);
        EXPECT_GE(clock.monotonic(at), wanted);
        if (at > booted)
            EXPECT_LT(clock.monotonic({at.nanoseconds - 1}), wanted);
    }
}

TEST(MachineClock, AChangeOfRateDoesNotJump) {
    MachineClock clock;
    clock.boot({0}, Instant{500});
    clock.set_rate({1'000'000}, 10'000);
    EXPECT_EQ(clock.monotonic({1'000'000}), Instant{1'000'500});
    EXPECT_EQ(clock.monotonic({2'000'000}), Instant{2'010'500});
    const WallTime wall = clock.wall({2'000'000});
    clock.set_rate({2'000'000}, -10'000);
    EXPECT_EQ(clock.monotonic({3'000'000}), Instant{3'000'500});
    EXPECT_EQ(clock.wall({2'000'000}), wall);
    EXPECT_EQ(clock.when(Instant::never()), SimTime::never());
}

}  // namespace
}  // namespace cairn::sim
