// Simulated programs: how they start and end, are killed with everything under way, stand still,
// and what their clocks, loops and random numbers are.
#include "runtime/sim/process.h"

#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "runtime/sim/busy_program_for_test.h"
#include "runtime/sim/program_for_test.h"

namespace cairn::sim {
namespace {

constexpr uint32_t always = 1'000'000;
constexpr OpenOptions creating{.write = true, .create = true};

Task<void> count_up(Runtime& runtime, int& count, Duration pause) {
    while (true) {
        count++;
        co_await Sleep(runtime.loop, pause);
    }
}

Task<void> sleep_once(Runtime& runtime, Duration duration) {
    co_await Sleep(runtime.loop, duration);
}

TEST(Process, EndsWhenMainReturns) {
    World world(1);
    Machine& host = add_host(world, "a", "10.0.0.1");
    const Process& process = world.start(
        host, "sleeper", [](Runtime& runtime) { return sleep_once(runtime, seconds(3)); });
    world.run_for(seconds(2));
    EXPECT_TRUE(process.running());
    world.run_for(seconds(2));
    EXPECT_FALSE(process.running());
    EXPECT_EQ(process.incarnation(), 1u);
    EXPECT_EQ(
        world.start(host, "sleeper", [](Runtime& r) { return sleep_once(r, {}); }).incarnation(),
        2u);
}

// ---- kill ----

// Kills and cuts power at hundreds of different moments; the address sanitizer looks on.
uint64_t kill_the_busy(uint64_t seed) {
    FaultPlan plan = FaultPlan::none();
    plan.disk.late_write = always / 2;
    plan.host.stall = 1000;
    plan.host.stall_max = milliseconds(2);
    World world(seed, plan);
    Machine& a = add_host(world, "a", "10.0.0.1");
    Machine& b = add_host(world, "b", "10.0.0.2");
    const Address to_a{"10.0.0.1", 7000};
    const Address to_b{"10.0.0.2", 7000};
    const auto start = [&](Machine& machine) -> Process& {
        const Address here = &machine == &a ? to_a : to_b;
        const Address there = &machine == &a ? to_b : to_a;
        return world.start(machine, "busy", [here, there](Runtime& runtime) {
            return be_busy(runtime, here, there);
        });
    };
    std::array<Process*, 2> processes{&start(a), &start(b)};
    for (int round = 0; round < 40; round++) {
        world.run_for(microseconds(static_cast<int64_t>(world.random().below(20'000))));
        Process*& victim = processes[world.random().below(2)];
        Machine& host = victim->machine();
        if (world.random().below(4) == 0) {
            world.cut_power(host);
            world.power_on(host);
        } else {
            world.kill(*victim);
        }
        EXPECT_FALSE(victim->running());
        victim = &start(host);
    }
    EXPECT_GT(world.probe("operation forgotten"), 0u);
    EXPECT_GT(world.probe("late write"), 0u);
    EXPECT_GT(world.probe("kill"), 0u);
    EXPECT_GT(world.probe("power cut"), 0u);
    return world.trace_hash();
}

TEST(Process, IsKilledWithEverythingUnderWay) {
    for (uint64_t seed = 1; seed <= 5; seed++) {
        const uint64_t first = kill_the_busy(seed);
        const uint64_t again = kill_the_busy(seed);
        EXPECT_EQ(first, again) << "seed " << seed;
    }
}

Task<void> kill_itself(World& world, Process& self) {
    world.kill(self);
    co_return;
}

using ProcessDeathTest = ::testing::Test;

TEST_F(ProcessDeathTest, CannotBeKilledFromWithin) {
    World world(1);
    Machine& host = add_host(world, "a", "10.0.0.1");
    world.start(host, "suicide", ProcessOptions(),
                [&world](Process& self) { return kill_itself(world, self); });
    EXPECT_DEATH(world.run_for(seconds(1)), "schedule it");
}

TEST(Process, IsKilledAndStartedByTheSchedule) {
    World world(1);
    Machine& host = add_host(world, "a", "10.0.0.1");
    int count = 0;
    Process& process = world.start(host, "counter", [&count](Runtime& runtime) {
        return count_up(runtime, count, seconds(1));
    });
    bool restarted = false;
    world.schedule(seconds(10), [&] {
        world.kill(process);
        world.start(host, "counter",
                    [&count](Runtime& runtime) { return count_up(runtime, count, seconds(1)); });
        restarted = true;
    });
    world.run_for(milliseconds(20'500));
    EXPECT_TRUE(restarted);
    EXPECT_GE(count, 20);
    EXPECT_LE(count, 21);
}

Task<void> write_once(Runtime& runtime) {
    auto file = co_await runtime.disk.open("/f", creating);
    const std::string text = "in flight";
    const ByteView slice = bytes_of(text);
    runtime.log.write(Severity::info, "test", "writing");
    const Result<size_t> done = co_await (*file)->write(0, {&slice, 1});
}

// What happens to a write in flight when its process is killed: it was done, it was not, or it is
// done later.
TEST(Process, AWriteInFlightMayLandAfterTheKill) {
    int done = 0;
    int later = 0;
    int never = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        FaultPlan plan = FaultPlan::none();
        plan.disk.late_write = always / 2;
        World world(seed, plan);
        Machine& host = add_host(world, "a", "10.0.0.1");
        bool writing = false;
        world.set_log([&](std::string_view, Severity, std::string_view, std::string_view) {
            writing = true;
        });
        Process& process =
            world.start(host, "writer", [](Runtime& runtime) { return write_once(runtime); });
        EXPECT_TRUE(world.run_until([&] { return writing; }, seconds(1)));
        world.kill(process);
        const bool at_kill = text_at(host, "/f") == "in flight";
        world.run_for(seconds(1));
        const bool at_end = text_at(host, "/f") == "in flight";
        done += at_kill ? 1 : 0;
        later += !at_kill && at_end ? 1 : 0;
        never += at_end ? 0 : 1;
    }
    EXPECT_GT(done, 10);
    EXPECT_GT(later, 10);
    EXPECT_GT(never, 10);
}

// ---- time ----

TEST(Process, DoesNothingWhileItIsStopped) {
    World world(1);
    Machine& host = add_host(world, "a", "10.0.0.1");
    Machine& other = add_host(world, "b", "10.0.0.2");
    int stopped = 0;
    int free = 0;
    Process& process = world.start(
        host, "stopped", [&](Runtime& r) { return count_up(r, stopped, milliseconds(10)); });
    world.start(other, "free", [&](Runtime& r) { return count_up(r, free, milliseconds(10)); });
    world.run_for(seconds(1));
    world.stall(process, seconds(5));
    const int before = stopped;
    world.run_for(milliseconds(4'990));
    EXPECT_EQ(stopped, before);
    EXPECT_GT(free, 500);
    world.run_for(seconds(1));
    EXPECT_GT(stopped, before + 50);
    world.stall(host, seconds(5));
    const int again = stopped;
    int late = 0;
    world.start(host, "late", [&](Runtime& r) { return count_up(r, late, milliseconds(10)); });
    world.run_for(milliseconds(4'990));
    EXPECT_EQ(stopped, again);
    EXPECT_EQ(late, 0);
    world.run_for(seconds(1));
    EXPECT_GT(stopped, again);
    EXPECT_GT(late, 0);
    EXPECT_EQ(world.probe("stall"), 2u);
}

// Decides to send only while its clock says so; notes when the other end got it.
Task<void> send_before(Runtime& runtime, Address to, Duration limit) {
    auto stream = co_await runtime.network.connect(to, seconds(5));
    CHECK(stream.has_value());
    const Instant end = runtime.clock.now() + limit;
    const std::string text = "x";
    while (runtime.clock.now() < end) {
        const std::array<ByteView, 1> slices{bytes_of(text)};
        const Result<size_t> written = co_await (*stream)->write(slices);
        CHECK(written.has_value());
        co_await Sleep(runtime.loop, milliseconds(1));
    }
}

Task<void> note_arrivals(Runtime& runtime, Address at, Instant& last) {
    auto listener = runtime.network.listen(at);
    auto stream = co_await (*listener)->accept();
    Bytes buffer(100);
    while (true) {
        const Result<size_t> count = co_await (*stream)->read(buffer);
        if (!count || *count == 0)
            co_return;
        last = runtime.clock.now();
    }
}

// A stop between looking at the clock and acting: what was decided in time comes too late.
TEST(Process, MayBeStoppedBetweenDecisionAndAction) {
    int too_late = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        FaultPlan plan = FaultPlan::none();
        plan.host.stall = 5'000;
        plan.host.stall_max = seconds(3);
        World world(seed, plan);
        Machine& a = add_host(world, "a", "10.0.0.1");
        const Address at{"10.0.0.1", 7000};
        Instant last;
        Instant start;
        world.start(a, "server", [&](Runtime& r) { return note_arrivals(r, at, last); });
        world.run_for(milliseconds(100));
        start = a.clock().monotonic(world.now());
        world.start(a, "client", [&](Runtime& r) { return send_before(r, at, seconds(1)); });
        world.run_for(seconds(20));
        EXPECT_GT(world.probe("stall in a turn"), 0u);
        too_late += last > start + milliseconds(1'200) ? 1 : 0;
    }
    EXPECT_GT(too_late, 5);
}

Task<void> time_a_sleep(Runtime& runtime, Duration& slept, WallTime& wall) {
    const Instant start = runtime.clock.now();
    co_await Sleep(runtime.loop, seconds(100));
    slept = runtime.clock.now() - start;
    wall = runtime.clock.wall_now();
}

TEST(Process, SleepsByItsHostsClock) {
    World world(1);
    Machine& fast = world.add_host({.name = "fast", .clock_rate_ppm = 10'000});
    Duration slept;
    WallTime wall;
    const SimTime start = world.now();
    run_program(world, fast, [&](Runtime& r) { return time_a_sleep(r, slept, wall); });
    EXPECT_GE(slept, seconds(100));
    EXPECT_LT(slept, milliseconds(100'001));
    EXPECT_GT(world.now() - start, milliseconds(99'009));
    EXPECT_LT(world.now() - start, milliseconds(99'020));
    EXPECT_GT(wall.nanoseconds, 1'735'689'600LL * 1'000'000'000);
    // A change of the rate moves timers that are armed.
    const SimTime second = world.now();
    const Process& process =
        world.start(fast, "sleeper", [&](Runtime& r) { return time_a_sleep(r, slept, wall); });
    world.run_for(seconds(50));
    world.set_clock_rate(fast, -10'000);
    EXPECT_TRUE(world.run_until([&] { return !process.running(); }, seconds(100)));
    EXPECT_GT(world.now() - second, milliseconds(99'900));
    EXPECT_LT(world.now() - second, milliseconds(100'100));
}

TEST(World, ClocksDifferWithinTheirBounds) {
    FaultPlan plan = FaultPlan::none();
    plan.host.clock_rate_ppm_max = 10'000;
    plan.host.wall_offset_max = seconds(60);
    World world(1, plan);
    std::set<int32_t> rates;
    for (int i = 0; i < 20; i++) {
        Machine& host = add_host(world, "h" + std::to_string(i), "10.0.0." + std::to_string(i));
        rates.insert(host.clock().rate_ppm());
        EXPECT_LE(std::abs(host.clock().rate_ppm()), 10'000);
    }
    EXPECT_GT(rates.size(), 15u);
    EXPECT_GT(world.probe("clock skew"), 15u);
}

// ---- loops ----

struct Arrival {
    size_t sender;
    int number;
};

Task<void> run_two_senders(Process& process, std::vector<Arrival>& arrivals) {
    Runtime& runtime = process.runtime();
    for (int number = 0; number < 200; number++) {
        for (const size_t sender : {size_t{0}, size_t{1}}) {
            // Posting belongs to the sending loop: loop 1 is asked to.
            auto deliver = [&arrivals, sender, number] {
                arrivals.push_back({sender, number});
            };
            if (sender == 0)
                process.mailbox(0, 2).post(deliver);
            else
                process.mailbox(0, 1).post(
                    [&process, deliver] { process.mailbox(1, 2).post(deliver); });
        }
        co_await Sleep(runtime.loop, microseconds(20));
    }
    co_await Sleep(runtime.loop, seconds(1));
}

TEST(Process, MessagesBetweenLoopsKeepTheirSendersOrderOnly) {
    World world(1);
    Machine& host = add_host(world, "a", "10.0.0.1");
    std::vector<Arrival> arrivals;
    const Process& process = world.start(host, "loops", {.loops = 3}, [&arrivals](Process& self) {
        return run_two_senders(self, arrivals);
    });
    EXPECT_TRUE(world.run_until([&] { return !process.running(); }, seconds(10)));
    ASSERT_EQ(arrivals.size(), 400u);
    std::array<int, 2> next{};
    int overtakes = 0;
    for (const Arrival& arrival : arrivals) {
        EXPECT_EQ(arrival.number, next[arrival.sender]++);
        overtakes += arrival.sender == 1 && next[1] > next[0] ? 1 : 0;
    }
    EXPECT_GT(overtakes, 0);
    EXPECT_GT(world.probe("mailbox delay"), 0u);
}

Task<void> on_every_loop(Process& process, std::vector<size_t>& ran) {
    Scope first(process.runtime(0).loop);
    Scope second(process.runtime(1).loop);
    int count = 0;
    process.mailbox(0, 1).post([&process, &second, &count] {
        second.spawn(count_up(process.runtime(1), count, milliseconds(1)));
    });
    first.spawn(count_up(process.runtime(0), count, milliseconds(1)));
    co_await Sleep(process.runtime().loop, seconds(1));
    ran.push_back(static_cast<size_t>(count));
    co_await Sleep(process.runtime().loop, seconds(1000));
}

TEST(Process, IsKilledOnAllItsLoops) {
    World world(1);
    Machine& host = add_host(world, "a", "10.0.0.1");
    std::vector<size_t> ran;
    Process& process = world.start(host, "loops", {.loops = 2},
                                   [&ran](Process& self) { return on_every_loop(self, ran); });
    world.run_for(seconds(2));
    ASSERT_EQ(ran.size(), 1u);
    EXPECT_GT(ran[0], 1500u);
    world.kill(process);
    world.run_for(seconds(2));
}

// ---- randomness and traces ----

Task<void> draw(Runtime& runtime, std::vector<uint64_t>& numbers) {
    numbers.push_back(runtime.random.next());
    numbers.push_back(runtime.host.boot_id());
    co_return;
}

TEST(Process, RandomNumbersFollowFromSeedNameAndIncarnation) {
    std::vector<uint64_t> first;
    std::vector<uint64_t> again;
    for (std::vector<uint64_t>* numbers : {&first, &again}) {
        World world(9);
        Machine& a = add_host(world, "a", "10.0.0.1");
        Machine& b = add_host(world, "b", "10.0.0.2");
        for (int i = 0; i < 2; i++)
            run_program(world, a, [&](Runtime& r) { return draw(r, *numbers); });
        run_program(world, b, [&](Runtime& r) { return draw(r, *numbers); });
    }
    EXPECT_EQ(first, again);
    EXPECT_EQ(first[1], first[3]);  // one boot
    EXPECT_EQ(std::set<uint64_t>(first.begin(), first.end()).size(), 5u);
}

Task<void> say(Runtime& runtime, std::string text) {
    runtime.log.write(Severity::warning, "test", text);
    co_return;
}

TEST(World, LogLinesAreInTheTrace) {
    std::vector<uint64_t> hashes;
    for (const std::string text : {"one", "two"}) {
        World world(1);
        std::string lines;
        world.set_trace([&](std::string_view line) { lines.append(line).append("\n"); });
        Machine& host = add_host(world, "a", "10.0.0.1");
        run_program(world, host, [&](Runtime& r) { return say(r, text); });
        EXPECT_NE(lines.find("a/program"), std::string::npos);
        EXPECT_NE(lines.find("warning test: " + text), std::string::npos);
        hashes.push_back(world.trace_hash());
    }
    EXPECT_NE(hashes[0], hashes[1]);
}

}  // namespace
}  // namespace cairn::sim
