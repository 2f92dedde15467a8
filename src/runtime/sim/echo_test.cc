// An echo server and its clients on three hosts, under every network fault: that every answer is
// right, and that a seed decides everything.
#include <array>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "runtime/sim/world.h"

namespace cairn::sim {
namespace {

constexpr size_t message_max = 3000;

Task<void> serve_one(std::unique_ptr<Stream> stream) {
    std::array<std::byte, 512> buffer{};
    while (true) {
        Result<size_t> count = co_await stream->read(buffer);
        if (!count || *count == 0)
            co_return;
        const std::array<ByteView, 1> slices{ByteView(buffer).first(*count)};
        Result<void> written = co_await write_all(*stream, slices);
        if (!written)
            co_return;
    }
}

Task<Result<void>> ask(Stream& stream, uint64_t seed) {
    Xoshiro random(seed);
    Bytes question(1 + random.below(message_max));
    for (std::byte& byte : question)
        byte = static_cast<std::byte>(random.next());
    const std::array<ByteView, 1> slices{ByteView(question)};
    CO_TRY(co_await write_all(stream, slices));
    Bytes answer(question.size());
    CO_TRY(co_await read_exact(stream, answer));
    CHECK(answer == question);
    co_return Result<void>();
}

// Closes the stream if its user does not say in time that it is done.
Task<void> watch(Stream& stream, Event& done, Instant deadline) {
    const bool in_time = co_await done.wait_until(deadline);
    if (!in_time)
        stream.close();
}

Task<Result<void>> ask_within(Runtime& runtime, Stream& stream, Duration limit) {
    Event done(runtime.loop);
    Scope scope(runtime.loop);
    scope.spawn(watch(stream, done, runtime.loop.now() + limit));
    const uint64_t seed = runtime.random.next();
    Result<void> asked = co_await ask(stream, seed);
    done.set();
    co_await scope.join();
    co_return asked;
}

// Serves for ever.
Task<void> echo_server(Runtime& runtime, Address at) {
    Result<std::unique_ptr<Listener>> listener = runtime.network.listen(at);
    CHECK(listener.has_value());
    Scope scope(runtime.loop);
    while (true) {
        Result<std::unique_ptr<Stream>> stream = co_await (*listener)->accept();
        CHECK(stream.has_value());
        scope.spawn(serve_one(std::move(*stream)));
    }
}

// Counts right answers, connecting anew whenever a connection breaks or says nothing for a while.
Task<void> echo_client(Runtime& runtime, Address to, int questions, int& answers) {
    std::unique_ptr<Stream> stream;
    for (int asked = 0; asked < questions;) {
        if (stream == nullptr) {
            Result<std::unique_ptr<Stream>> fresh =
                co_await runtime.network.connect(to, seconds(2));
            if (!fresh) {
                co_await Sleep(runtime.loop, milliseconds(20));
                continue;
            }
            stream = std::move(*fresh);
        }
        Result<void> answered = co_await ask_within(runtime, *stream, seconds(5));
        if (answered) {
            asked++;
            answers++;
        } else {
            stream = nullptr;
        }
    }
}

struct RunResult {
    uint64_t hash = 0;
    uint64_t events = 0;
    int answers = 0;
};

// Three hosts, a server on one, clients on the others, everything that can go wrong.
RunResult run_echo(uint64_t seed, const std::function<void(std::string_view)>& sink = {}) {
    SimRandom random(seed);
    World world(seed, FaultPlan::swarm(random));
    if (sink)
        world.set_trace(sink);
    Machine& a = world.add_host({.name = "a", .addresses = {"10.0.0.1"}});
    Machine& b = world.add_host({.name = "b", .addresses = {"10.0.0.2"}});
    Machine& c = world.add_host({.name = "c", .addresses = {"10.0.0.3"}});
    RunResult result;
    const Address at{"10.0.0.1", 7000};
    Process& server =
        world.start(a, "server", [at](Runtime& runtime) { return echo_server(runtime, at); });
    for (Machine* machine : {&b, &c})
        world.start(*machine, "client", [at, &result](Runtime& runtime) {
            return echo_client(runtime, at, 1000, result.answers);
        });
    world.run_for(seconds(2));
    world.kill(server);
    world.run_for(milliseconds(100));
    world.start(a, "server", [at](Runtime& runtime) { return echo_server(runtime, at); });
    world.partition({&a}, {&b});
    world.run_for(seconds(1));
    world.heal();
    world.run_for(seconds(120));
    result.hash = world.trace_hash();
    result.events = world.events();
    return result;
}

TEST(Echo, OneSeedIsOneRun) {
    for (uint64_t seed = 1; seed <= 10; seed++) {
        const RunResult first = run_echo(seed);
        uint64_t lines = 0;
        const RunResult again = run_echo(seed, [&](std::string_view) { lines++; });
        EXPECT_EQ(first.hash, again.hash) << "seed " << seed;
        EXPECT_EQ(first.answers, 2000) << "seed " << seed;
        EXPECT_GT(lines, 100u);
        EXPECT_NE(first.hash, run_echo(seed + 1000).hash);
    }
}

}  // namespace
}  // namespace cairn::sim
