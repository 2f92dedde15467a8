// The parts of the runtime that need neither a kernel nor a simulator: tasks, scopes, timers,
// waits.
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "runtime/loop.h"
#include "runtime/random.h"
#include "runtime/scope.h"
#include "runtime/semaphore.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace cairn {
namespace {

void run_until_idle(Loop& loop) {
    while (true) {
        while (loop.run_turn()) {
        }
        if (loop.next_deadline() == Instant::never())
            return;
        loop.advance(loop.next_deadline());
    }
}

Task<int> add(int a, int b) {
    co_return a + b;
}

Task<int> deep(int levels) {
    if (levels == 0)
        co_return 0;
    const int below = co_await deep(levels - 1);
    co_return below + 1;
}

Task<void> store(int& into, Task<int> task) {
    into = co_await std::move(task);
}

TEST(Task, ReturnsThroughManyLevels) {
    Loop loop;
    Scope scope(loop);
    int sum = 0;
    int depth = 0;
    scope.spawn(store(sum, add(2, 3)));
    scope.spawn(store(depth, deep(100'000)));
    run_until_idle(loop);
    EXPECT_EQ(sum, 5);
    EXPECT_EQ(depth, 100'000);
    EXPECT_EQ(scope.running(), 0u);
}

Task<void> sleep_and_note(Loop& loop, Duration duration, std::string name,
                          std::vector<std::string>& notes) {
    co_await Sleep(loop, duration);
    notes.push_back(std::move(name));
}

Task<void> join_and_note(Scope& scope, std::vector<std::string>& notes) {
    co_await scope.join();
    notes.push_back("joined");
}

TEST(Scope, JoinsWhatItStarted) {
    Loop loop;
    Scope outer(loop);
    Scope inner(loop);
    std::vector<std::string> notes;
    inner.spawn(sleep_and_note(loop, seconds(2), "late", notes));
    inner.spawn(sleep_and_note(loop, seconds(1), "early", notes));
    outer.spawn(join_and_note(inner, notes));
    run_until_idle(loop);
    EXPECT_EQ(notes, (std::vector<std::string>{"early", "late", "joined"}));
    EXPECT_EQ(loop.now(), Instant{} + seconds(2));
}

TEST(Loop, TimersOfOneDeadlineFireInOrder) {
    Loop loop;
    Scope scope(loop);
    std::vector<std::string> notes;
    for (int i = 0; i < 50; i++)
        scope.spawn(sleep_and_note(loop, seconds(i % 3), std::to_string(i), notes));
    run_until_idle(loop);
    std::vector<std::string> expected;
    for (int delay = 0; delay < 3; delay++) {
        for (int i = delay; i < 50; i += 3)
            expected.push_back(std::to_string(i));
    }
    EXPECT_EQ(notes, expected);
}

Task<void> wait_event(Event& event, Instant deadline, std::vector<std::string>& notes) {
    const bool set = co_await event.wait_until(deadline);
    notes.push_back(set ? "set" : "late");
}

Task<void> set_event(Loop& loop, Event& event, Duration after) {
    co_await Sleep(loop, after);
    event.set();
}

TEST(Event, WakesOrTimesOut) {
    Loop loop;
    Scope scope(loop);
    Event event(loop);
    std::vector<std::string> notes;
    scope.spawn(wait_event(event, Instant{} + seconds(1), notes));
    scope.spawn(wait_event(event, Instant{} + seconds(9), notes));
    scope.spawn(wait_event(event, Instant::never(), notes));
    scope.spawn(set_event(loop, event, seconds(5)));
    run_until_idle(loop);
    EXPECT_EQ(notes, (std::vector<std::string>{"late", "set", "set"}));
    EXPECT_EQ(loop.now(), Instant{} + seconds(5));
}

Task<void> hold(Loop& loop, Semaphore& semaphore, uint64_t amount, std::string name,
                std::vector<std::string>& notes) {
    co_await semaphore.acquire(amount);
    notes.push_back(name);
    co_await Sleep(loop, seconds(1));
    semaphore.release(amount);
}

TEST(Semaphore, ServesInOrderOfAsking) {
    Loop loop;
    Scope scope(loop);
    Semaphore semaphore(loop, 10);
    std::vector<std::string> notes;
    scope.spawn(hold(loop, semaphore, 6, "a", notes));
    scope.spawn(hold(loop, semaphore, 20, "whole", notes));
    scope.spawn(hold(loop, semaphore, 1, "small", notes));
    run_until_idle(loop);
    EXPECT_EQ(notes, (std::vector<std::string>{"a", "whole", "small"}));
    EXPECT_EQ(semaphore.available(), 10u);
}

Task<void> wait_for_ever(Condition& condition, int& resumed) {
    co_await condition.wait();
    resumed++;
}

TEST(Loop, AnAbandonedLoopDropsItsTasks) {
    Loop loop;
    int resumed = 0;
    {
        Condition condition(loop);
        Scope scope(loop);
        scope.spawn(wait_for_ever(condition, resumed));
        scope.spawn(wait_for_ever(condition, resumed));
        loop.run_turn();
        condition.notify_one();
        loop.abandon();
        EXPECT_FALSE(loop.run_turn());
    }
    EXPECT_EQ(resumed, 0);
}

TEST(Xoshiro, IsTheSameEverywhere) {
    Xoshiro random(1);
    EXPECT_EQ(random.next(), 12966619160104079557ULL);
    for (int i = 0; i < 1000; i++)
        EXPECT_LT(random.below(7), 7u);
}

}  // namespace
}  // namespace cairn
