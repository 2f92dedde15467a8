// The reactor: timers, turns, and leaving with operations in flight.
#include "runtime/real/reactor.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <vector>

#include "base/buffer.h"
#include "base/size.h"
#include "runtime/real/ring.h"
#include "runtime/real/stream.h"
#include "runtime/real/test_machine.h"

namespace cairn::real {
namespace {

Task<void> sleep_and_count(Loop& loop, Duration duration, int& early, int& done) {
    const Instant wanted = loop.now() + duration;
    co_await Sleep(loop, duration);
    if (loop.now() < wanted || monotonic_now() < wanted)
        early++;
    done++;
}

Task<void> sleep_many(Loop& loop, int count, int& early, int& done) {
    Scope scope(loop);
    for (int i = 0; i < count; i++)
        scope.spawn(sleep_and_count(loop, microseconds(i * 37 % 50'000), early, done));
    co_await scope.join();
}

TEST(Reactor, TenThousandSleepsEndInTime) {
    TestMachine machine;
    int early = 0;
    int done = 0;
    const Instant start = monotonic_now();
    machine.run(sleep_many(machine.loop(), 10'000, early, done));
    EXPECT_EQ(done, 10'000);
    EXPECT_EQ(early, 0);
    EXPECT_GE((monotonic_now() - start).milliseconds(), 45);
}

Task<void> note_after(Loop& loop, Duration duration, int number, std::vector<int>& notes) {
    co_await Sleep(loop, duration);
    notes.push_back(number);
}

Task<void> sleep_in_order(Loop& loop, std::vector<int>& notes) {
    Scope scope(loop);
    for (const int number : {3, 1, 4, 2})
        scope.spawn(note_after(loop, milliseconds(10 * number), number, notes));
    co_await scope.join();
}

TEST(Reactor, SleepsEndInOrder) {
    TestMachine machine;
    std::vector<int> notes;
    machine.run(sleep_in_order(machine.loop(), notes));
    EXPECT_EQ(notes, (std::vector<int>{1, 2, 3, 4}));
}

Task<void> spin_until(Loop& loop, const bool& stop, uint64_t& turns) {
    while (!stop) {
        turns++;
        co_await Yield(loop);
    }
}

Task<void> stop_after(Loop& loop, Duration duration, bool& stop) {
    co_await Sleep(loop, duration);
    stop = true;
}

Task<void> spin_beside_a_timer(Loop& loop, uint64_t& turns) {
    bool stop = false;
    Scope scope(loop);
    scope.spawn(spin_until(loop, stop, turns));
    scope.spawn(stop_after(loop, milliseconds(20), stop));
    co_await scope.join();
}

TEST(Reactor, TasksThatAreAlwaysReadyDoNotStarveTimers) {
    TestMachine machine;
    uint64_t turns = 0;
    machine.run(spin_beside_a_timer(machine.loop(), turns));
    EXPECT_GT(turns, 100u);
}

TEST(Reactor, PollingBeforeSleepStillFiresTimers) {
    TestMachine machine({.reactor = {.poll_before_sleep = microseconds(50)}});
    int early = 0;
    int done = 0;
    machine.run(sleep_many(machine.loop(), 500, early, done));
    EXPECT_EQ(done, 500);
    EXPECT_EQ(early, 0);
}

Task<void> accept_for_ever(Listener& listener, int& resumed) {
    auto stream = co_await listener.accept();
    resumed++;
}

Task<void> read_for_ever(Stream& stream, int& resumed) {
    std::byte byte{};
    auto count = co_await stream.read({&byte, 1});
    resumed++;
}

struct Pair {
    explicit Pair(Reactor& reactor) {
        int sockets[2];
        CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
        near = std::make_unique<RealStream>(reactor, Descriptor(sockets[0]), Address{"/near", 0},
                                            Address{"/far", 0});
        far = std::make_unique<RealStream>(reactor, Descriptor(sockets[1]), Address{"/far", 0},
                                           Address{"/near", 0});
    }
    std::unique_ptr<Stream> near;
    std::unique_ptr<Stream> far;
};

Task<void> give_others_a_turn(Loop& loop) {
    co_await Sleep(loop, milliseconds(5));
}

TEST(Reactor, ShutsDownWithOperationsInFlight) {
    TestMachine machine;
    Pair pair(machine.reactor());
    const auto listener = machine.runtime().network.listen({"127.0.0.1", 0});
    ASSERT_TRUE(listener.has_value());
    int resumed = 0;
    {
        Scope scope(machine.loop());
        for (int i = 0; i < 8; i++)
            scope.spawn(accept_for_ever(**listener, resumed));
        scope.spawn(read_for_ever(*pair.near, resumed));
        scope.spawn(read_for_ever(*pair.far, resumed));
        scope.spawn(give_others_a_turn(machine.loop()));
        machine.run(give_others_a_turn(machine.loop()));
        EXPECT_EQ(machine.reactor().in_flight(), 10u);
        machine.reactor().shutdown();
        EXPECT_EQ(machine.reactor().in_flight(), 0u);
    }
    EXPECT_EQ(resumed, 0);
}

Task<void> write_block(File& file, uint64_t index, int& resumed) {
    const Buffer block = Buffer::zeroed(block_size);
    const std::array<ByteView, 1> slices{block.view()};
    auto count = co_await file.write_durable(index * block_size, slices);
    resumed++;
}

Task<void> connect_for_ever(Network& network, Address to, int& resumed) {
    auto stream = co_await network.connect(to, seconds(60));
    resumed++;
}

Task<void> open_file(Disk& disk, std::string path, std::unique_ptr<File>& file) {
    auto opened =
        co_await disk.open(path, {.write = true, .create = true, .caching = Caching::direct});
    CHECK(opened.has_value());
    file = std::move(*opened);
}

Task<void> yield_once(Loop& loop) {
    co_await Yield(loop);
}

TEST(Reactor, ShutsDownWhileTheDiskWrites) {
    TestMachine machine;
    std::unique_ptr<File> file;
    machine.run(open_file(machine.runtime().disk, machine.path("file"), file));
    int resumed = 0;
    {
        Scope scope(machine.loop());
        for (uint64_t i = 0; i < 300; i++)
            scope.spawn(write_block(*file, i, resumed));
        scope.spawn(
            connect_for_ever(machine.runtime().network, {machine.path("none"), 0}, resumed));
        machine.run(yield_once(machine.loop()));
        EXPECT_EQ(machine.reactor().in_flight(), 301u);
        machine.reactor().shutdown();
        EXPECT_EQ(machine.reactor().in_flight(), 0u);
    }
    EXPECT_EQ(resumed, 0);
}

TEST(ReactorDeathTest, AFrameDestroyedInFlightIsABrokenInvariant) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            TestMachine machine;
            Pair pair(machine.reactor());
            int resumed = 0;
            Scope scope(machine.loop());
            scope.spawn(read_for_ever(*pair.near, resumed));
            machine.run(give_others_a_turn(machine.loop()));
            machine.loop().abandon();  // and no shutdown
        },
        "destroyed under its stream operation");
}

TEST(Ring, RunsMoreThanItHasSlotsFor) {
    TestMachine machine({.reactor = {.ring_entries = 4}});
    const auto listener = machine.runtime().network.listen({machine.path("socket"), 0});
    ASSERT_TRUE(listener.has_value());
    int resumed = 0;
    Scope scope(machine.loop());
    for (int i = 0; i < 100; i++)
        scope.spawn(accept_for_ever(**listener, resumed));
    machine.run(give_others_a_turn(machine.loop()));
    EXPECT_EQ(machine.reactor().in_flight(), 100u);
    (*listener)->close();
    machine.run(give_others_a_turn(machine.loop()));
    EXPECT_EQ(resumed, 100);
    EXPECT_EQ(scope.running(), 0u);
}

TEST(Ring, DefersItsWorkOnThisKernel) {
    Result<std::unique_ptr<Ring>> ring = Ring::create(8);
    ASSERT_TRUE(ring.has_value()) << ring.error().message();
    EXPECT_TRUE((*ring)->deferred());
}

}  // namespace
}  // namespace cairn::real
