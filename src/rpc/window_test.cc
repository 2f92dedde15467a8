// The window's waits: in order, and always with an end. And the table of calls.
#include "rpc/window.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "rpc/call_table.h"
#include "runtime/scope.h"

namespace cairn::rpc {
namespace {

struct Fixture : testing::Test {
    Loop loop;
    Window window{100};
    std::vector<std::string> notes;

    void run_turns() {
        while (loop.run_turn()) {
        }
    }
};

Task<void> take(Window& window, uint64_t amount, Instant deadline, Window::Claim& claim,
                std::string name, std::vector<std::string>& notes) {
    const Code code = co_await window.acquire(amount, deadline, claim);
    notes.push_back(name + " " + std::string(name_of(code)));
}

using WindowTest = Fixture;

TEST_F(WindowTest, ServesInOrderOfAsking) {
    Scope scope(loop);
    Window::Claim large(loop);
    Window::Claim small(loop);
    ASSERT_TRUE(window.try_acquire(60));
    scope.spawn(take(window, 50, Instant::never(), large, "large", notes));
    scope.spawn(take(window, 10, Instant::never(), small, "small", notes));
    run_turns();
    EXPECT_TRUE(notes.empty()) << "a small one must not overtake for ever";
    EXPECT_FALSE(window.try_acquire(1));
    window.release(60);
    run_turns();
    EXPECT_EQ(notes, (std::vector<std::string>{"large ok", "small ok"}));
    EXPECT_EQ(window.in_use(), 60u);
}

TEST_F(WindowTest, MoreThanTheWholeIsGrantedAlone) {
    Scope scope(loop);
    Window::Claim claim(loop);
    ASSERT_TRUE(window.try_acquire(1));
    scope.spawn(take(window, 5000, Instant::never(), claim, "huge", notes));
    run_turns();
    EXPECT_TRUE(notes.empty());
    window.release(1);
    run_turns();
    EXPECT_EQ(notes, (std::vector<std::string>{"huge ok"}));
    window.release(5000);
    EXPECT_EQ(window.in_use(), 0u);
}

TEST_F(WindowTest, AWaitEndsWithItsDeadlineAndLetsTheNextPass) {
    Scope scope(loop);
    Window::Claim large(loop);
    Window::Claim small(loop);
    ASSERT_TRUE(window.try_acquire(60));
    scope.spawn(take(window, 50, Instant{} + seconds(1), large, "large", notes));
    scope.spawn(take(window, 10, Instant::never(), small, "small", notes));
    run_turns();
    loop.advance(Instant{} + seconds(1));
    run_turns();
    EXPECT_EQ(notes, (std::vector<std::string>{"large timed_out", "small ok"}));
    EXPECT_EQ(window.in_use(), 70u);
}

TEST_F(WindowTest, AGrantOfTheDeadlinesTurnStands) {
    Scope scope(loop);
    Window::Claim claim(loop);
    ASSERT_TRUE(window.try_acquire(100));
    scope.spawn(take(window, 50, Instant{} + seconds(1), claim, "one", notes));
    run_turns();
    loop.advance(Instant{} + seconds(1));
    window.release(100);
    run_turns();
    EXPECT_EQ(notes, (std::vector<std::string>{"one ok"}));
    EXPECT_EQ(window.in_use(), 50u);
}

TEST_F(WindowTest, ClosingAndCancellingEndWaits) {
    Scope scope(loop);
    Window::Claim first(loop);
    Window::Claim second(loop);
    Window::Claim third(loop);
    ASSERT_TRUE(window.try_acquire(100));
    scope.spawn(take(window, 50, Instant::never(), first, "first", notes));
    scope.spawn(take(window, 50, Instant::never(), second, "second", notes));
    run_turns();
    window.cancel(first);
    run_turns();
    EXPECT_EQ(notes, (std::vector<std::string>{"first cancelled"}));
    window.close();
    scope.spawn(take(window, 50, Instant::never(), third, "third", notes));
    run_turns();
    EXPECT_EQ(notes,
              (std::vector<std::string>{"first cancelled", "second cancelled", "third cancelled"}));
    window.release(100);
    EXPECT_EQ(window.in_use(), 0u);
}

TEST(CallTable, ALateAnswerIsNotItsSuccessors) {
    Loop loop;
    CallTable table;
    PendingCall first(loop);
    PendingCall second(loop);
    const uint64_t one = table.add(first, 10);
    table.give_up(one);
    EXPECT_EQ(table.count(), 1u) << "still in flight at the peer";
    const auto late = table.take(one);
    ASSERT_TRUE(late);
    EXPECT_EQ(late->call, nullptr);
    EXPECT_EQ(late->charge, 10u);
    const uint64_t two = table.add(second, 20);
    EXPECT_NE(one, two);
    EXPECT_FALSE(table.take(one)) << "a duplicate of the late answer";
    const auto taken = table.take(two);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->call, &second);
    EXPECT_FALSE(table.take(two));
    EXPECT_FALSE(table.take(0));
    EXPECT_FALSE(table.take(UINT64_MAX));
}

TEST(CallTable, LosingTheConnectionSettlesAll) {
    Loop loop;
    CallTable table;
    PendingCall kept(loop);
    PendingCall left(loop);
    const uint64_t id = table.add(kept, 1);
    table.give_up(table.add(left, 1));
    table.settle_all();
    EXPECT_TRUE(kept.settled.is_set());
    EXPECT_FALSE(kept.response);
    EXPECT_FALSE(left.settled.is_set());
    EXPECT_FALSE(table.take(id));
}

}  // namespace
}  // namespace cairn::rpc
