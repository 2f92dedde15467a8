// Sessions: one after the other for one identity, bounded together, and stopped with grace.
#include "rpc/server.h"

#include <gmock/gmock.h>

#include "rpc/rpc_for_test.h"
#include "rpc/stream_deadline.h"

namespace cairn::rpc {
namespace {

using testing::ElementsAre;

class ServerTest : public RpcTest {};

using Connected = Result<std::unique_ptr<Connection>>;

Task<void> call_into(Connection& connection, Method method, Delay delay, std::vector<Code>& codes) {
    Result<Reply> reply =
        co_await connection.call(method, encode(delay), {}, {.timeout = seconds(60)});
    codes.push_back(reply.code());
}

struct Overlap {
    Duration reconnect_took;
    std::vector<Code> codes;
};

// A write that the server is slow with; the connection breaks; a second write to the same place
// over a new session.
Task<void> write_twice(Runtime& runtime, Address to, Overlap& seen) {
    Connected first = co_await Connection::connect(runtime, to, connect_options(1));
    CHECK(first.has_value());
    Scope scope(runtime.loop);
    scope.spawn(call_into(**first, set_register, {seconds(2), 1}, seen.codes));
    co_await Sleep(runtime.loop, milliseconds(100));
    co_await (*first)->close();
    co_await scope.join();
    const Instant start = runtime.loop.now();
    Connected second = co_await Connection::connect(runtime, to, connect_options(2));
    CHECK(second.has_value());
    seen.reconnect_took = runtime.loop.now() - start;
    co_await call_into(**second, set_register, {{}, 2}, seen.codes);
    co_await Sleep(runtime.loop, seconds(3));
    co_await (*second)->close();
}

TEST_F(ServerTest, ANewSessionDrainsTheOldOne) {
    start_server();
    Overlap seen;
    run_client([&](Runtime& runtime) { return write_twice(runtime, program.address, seen); });
    EXPECT_THAT(seen.codes, ElementsAre(Code::connection_lost, Code::ok));
    EXPECT_GE(seen.reconnect_took, milliseconds(1800));
    EXPECT_EQ(program.handler->register_value, 2u) << "the later write must win";
    EXPECT_THAT(program.handler->opened, ElementsAre(1, 2));
    stop_server();
}

// Broken on purpose: without the rule the earlier write lands last.
TEST_F(ServerTest, WithoutDrainingAnOldWriteLandsLast) {
    program.options.rules.drain_old_sessions = false;
    start_server();
    Overlap seen;
    run_client([&](Runtime& runtime) { return write_twice(runtime, program.address, seen); });
    EXPECT_LT(seen.reconnect_took, milliseconds(500));
    EXPECT_EQ(program.handler->register_value, 1u);
    stop_server();
}

// As write_twice, but the server has not noticed that the first connection broke.
Task<void> write_over_partition(Runtime& runtime, sim::World& world, sim::Machine& a,
                                sim::Machine& b, Address to, Overlap& seen) {
    Connected first = co_await Connection::connect(runtime, to, connect_options(1));
    CHECK(first.has_value());
    Scope scope(runtime.loop);
    scope.spawn(call_into(**first, set_register, {seconds(2), 1}, seen.codes));
    co_await Sleep(runtime.loop, milliseconds(100));
    world.partition({&a}, {&b});
    co_await (*first)->close();
    co_await scope.join();
    world.heal_network();
    Connected second = co_await Connection::connect(runtime, to, connect_options(2));
    CHECK(second.has_value());
    co_await call_into(**second, set_register, {{}, 2}, seen.codes);
    co_await (*second)->close();
}

TEST_F(ServerTest, AnOldSessionThatLooksAliveIsEnded) {
    start_server();
    Overlap seen;
    run_client([&](Runtime& runtime) {
        return write_over_partition(runtime, world, *server_host, *client_host, program.address,
                                    seen);
    });
    EXPECT_EQ(program.handler->register_value, 2u);
    EXPECT_THAT(program.handler->opened, ElementsAre(1, 2));
    EXPECT_EQ(program.handler->ended.front(), 1u);
    stop_server();
}

struct Rivals {
    Code lower = Code::ok;
    Code equal = Code::ok;
    Code other_instance = Code::ok;
    Code nobody = Code::ok;
    Code higher = Code::ok;
    bool lost_before = false;
    bool lost_after = false;
};

Task<void> connect_rivals(Runtime& runtime, Address to, Rivals& seen) {
    Connected first = co_await Connection::connect(runtime, to, connect_options(5));
    CHECK(first.has_value());
    Connected lower = co_await Connection::connect(runtime, to, connect_options(4));
    seen.lower = lower.code();
    Connected equal = co_await Connection::connect(runtime, to, connect_options(5));
    seen.equal = equal.code();
    ConnectOptions other = connect_options(1);
    other.identity.instance++;
    Connected instance = co_await Connection::connect(runtime, to, other);
    seen.other_instance = instance.code();
    ConnectOptions nobody = connect_options(1);
    nobody.identity = {Role::tool, 0, 0};
    Connected tool = co_await Connection::connect(runtime, to, nobody);
    Connected second_tool = co_await Connection::connect(runtime, to, nobody);
    seen.nobody = second_tool.code();
    seen.lost_before = (*first)->lost();
    Connected higher = co_await Connection::connect(runtime, to, connect_options(6));
    seen.higher = higher.code();
    co_await Sleep(runtime.loop, seconds(1));
    seen.lost_after = (*first)->lost();
    for (Connected* each : {&first, &higher, &instance, &tool, &second_tool})
        co_await (**each)->close();
}

TEST_F(ServerTest, OnlyALaterSessionOfTheSameInstanceTakesOver) {
    start_server();
    Rivals seen;
    run_client([&](Runtime& runtime) { return connect_rivals(runtime, program.address, seen); });
    EXPECT_EQ(seen.lower, Code::busy);
    EXPECT_EQ(seen.equal, Code::busy);
    EXPECT_EQ(seen.other_instance, Code::ok);
    EXPECT_EQ(seen.nobody, Code::ok);
    EXPECT_FALSE(seen.lost_before);
    EXPECT_EQ(seen.higher, Code::ok);
    EXPECT_TRUE(seen.lost_after);
    stop_server();
}

struct Impatient {
    std::vector<Code> attempts;
    std::vector<Code> calls;
};

// The server is busy with an old request for 20 s; each attempt to reconnect gives up after 5 s.
Task<void> reconnect_until_drained(Runtime& runtime, Address to, Impatient& seen) {
    Connected first = co_await Connection::connect(runtime, to, connect_options(1));
    CHECK(first.has_value());
    Scope scope(runtime.loop);
    scope.spawn(call_into(**first, set_register, {seconds(20), 1}, seen.calls));
    co_await Sleep(runtime.loop, milliseconds(100));
    co_await (*first)->close();
    co_await scope.join();
    for (uint64_t session = 2; session < 20; session++) {
        Connected next = co_await Connection::connect(runtime, to, connect_options(session));
        seen.attempts.push_back(next.code());
        if (!next)
            continue;
        co_await call_into(**next, set_register, {{}, 2}, seen.calls);
        co_await (*next)->close();
        co_return;
    }
}

TEST_F(ServerTest, AttemptsThatGaveUpDoNotGatherBehindASlowDrain) {
    start_server();
    Impatient seen;
    run_client(
        [&](Runtime& runtime) { return reconnect_until_drained(runtime, program.address, seen); });
    EXPECT_THAT(seen.attempts,
                ElementsAre(Code::timed_out, Code::timed_out, Code::timed_out, Code::ok));
    EXPECT_EQ(program.handler->register_value, 2u);
    EXPECT_THAT(program.handler->opened, ElementsAre(1, 5));
    stop_server();
}

Task<void> flood(Runtime& runtime, Address to, uint64_t instance, std::vector<Code>& codes) {
    ConnectOptions options = connect_options();
    options.identity.instance = instance;
    Connected connection = co_await Connection::connect(runtime, to, options);
    CHECK(connection.has_value());
    Scope scope(runtime.loop);
    for (int i = 0; i < 100; i++) {
        scope.spawn(call_into(**connection, echo_later, {milliseconds(20), 0}, codes));
    }
    co_await scope.join();
    co_await (*connection)->close();
}

TEST_F(ServerTest, ASessionReadsNoMoreThanItsBound) {
    program.options.session.in_flight_bytes_max = 8 * kib;
    start_server();
    std::vector<Code> codes;
    run_client([&](Runtime& runtime) { return flood(runtime, program.address, 5, codes); });
    EXPECT_EQ(std::ranges::count(codes, Code::ok), 100);
    EXPECT_LE(program.handler->max_running, 7u);
    EXPECT_GE(program.handler->max_running, 4u);
    stop_server();
}

TEST_F(ServerTest, AllSessionsTogetherReadNoMoreThanTheServersBound) {
    program.options.in_flight_bytes_max = 8 * kib;
    start_server();
    std::vector<std::vector<Code>> codes(4);
    std::vector<sim::Process*> processes;
    for (size_t i = 0; i < codes.size(); i++) {
        processes.push_back(&start_client([this, &codes, i](Runtime& runtime) {
            return flood(runtime, program.address, i + 1, codes[i]);
        }));
    }
    uint64_t most = 0;
    ASSERT_TRUE(world.run_until(
        [&] {
            most = std::max(most, program.server->in_flight_bytes());
            return std::ranges::none_of(processes, [](auto* one) { return one->running(); });
        },
        seconds(60)));
    for (const auto& each : codes)
        EXPECT_EQ(std::ranges::count(each, Code::ok), 100) << "nobody starves";
    EXPECT_LE(most, 8 * kib);
    EXPECT_LE(program.handler->max_running, 7u);
    stop_server();
    EXPECT_TRUE(program.failures.empty());
}

// Holds all of the server's room in one session and waits for more in another, which then breaks.
Task<void> break_while_waiting(Runtime& runtime, Address to, std::vector<Code>& codes) {
    ConnectOptions holder_options = connect_options();
    Connected holder = co_await Connection::connect(runtime, to, holder_options);
    ConnectOptions waiter_options = connect_options();
    waiter_options.identity.instance++;
    Connected waiter = co_await Connection::connect(runtime, to, waiter_options);
    CHECK(holder.has_value() && waiter.has_value());
    Scope scope(runtime.loop);
    for (int i = 0; i < 4; i++)
        scope.spawn(call_into(**holder, echo_later, {seconds(30), 0}, codes));
    co_await Sleep(runtime.loop, milliseconds(100));
    for (int i = 0; i < 4; i++)
        scope.spawn(call_into(**waiter, echo_later, {seconds(30), 0}, codes));
    co_await Sleep(runtime.loop, milliseconds(100));
    co_await (*waiter)->close();
    co_await (*holder)->close();
    co_await scope.join();
}

TEST_F(ServerTest, ABrokenSessionLeavesTheQueueForRoom) {
    program.options.in_flight_bytes_max = 5 * kib;
    start_server();
    std::vector<Code> codes;
    run_client(
        [&](Runtime& runtime) { return break_while_waiting(runtime, program.address, codes); });
    EXPECT_EQ(std::ranges::count(codes, Code::connection_lost), 8);
    // The reader waits for room, so it learns of the end only when there is some.
    EXPECT_TRUE(world.run_until([this] { return program.handler->open.empty(); }, seconds(40)));
    EXPECT_LE(program.handler->handled, 8u);
    EXPECT_EQ(program.server->in_flight_bytes(), 0u);
    stop_server();
}

// As before, but the one that waits is followed by a later session of its own.
Task<void> take_over_while_waiting(Runtime& runtime, Address to, std::vector<Code>& codes,
                                   Duration& took) {
    ConnectOptions holder_options = connect_options();
    holder_options.identity.instance++;
    Connected holder = co_await Connection::connect(runtime, to, holder_options);
    Connected waiter = co_await Connection::connect(runtime, to, connect_options(1));
    CHECK(holder.has_value() && waiter.has_value());
    Scope scope(runtime.loop);
    for (int i = 0; i < 4; i++)
        scope.spawn(call_into(**holder, echo_later, {seconds(30), 0}, codes));
    co_await Sleep(runtime.loop, milliseconds(100));
    for (int i = 0; i < 2; i++)
        scope.spawn(call_into(**waiter, echo_later, {}, codes));
    co_await Sleep(runtime.loop, milliseconds(100));
    const Instant start = runtime.loop.now();
    Connected next = co_await Connection::connect(runtime, to, connect_options(2));
    CHECK(next.has_value());
    took = runtime.loop.now() - start;
    co_await scope.join();
    for (Connected* each : {&holder, &waiter, &next})
        co_await (**each)->close();
}

TEST_F(ServerTest, ASessionThatWaitsForRoomCanBeTakenOver) {
    program.options.in_flight_bytes_max = 5 * kib;
    start_server();
    std::vector<Code> codes;
    Duration took;
    run_client([&](Runtime& runtime) {
        return take_over_while_waiting(runtime, program.address, codes, took);
    });
    EXPECT_LT(took, seconds(1));
    EXPECT_EQ(std::ranges::count(codes, Code::ok), 4);
    EXPECT_EQ(program.handler->handled, 4u) << "what waited was never begun";
    stop_server();
}

Task<void> call_and_wait(Runtime& runtime, Address to, std::vector<Code>& codes) {
    Connected connection = co_await Connection::connect(runtime, to, connect_options());
    CHECK(connection.has_value());
    Scope scope(runtime.loop);
    scope.spawn(call_into(**connection, set_register, {seconds(2), 7}, codes));
    co_await Sleep(runtime.loop, milliseconds(1200));
    scope.spawn(call_into(**connection, echo, {}, codes));
    co_await scope.join();
    co_await (*connection)->lost_event().wait();
    co_await (*connection)->close();
}

TEST_F(ServerTest, AKilledClientsRequestsRunToTheirEnd) {
    start_server();
    std::vector<Code> codes;
    sim::Process& client = start_client(
        [&](Runtime& runtime) { return call_and_wait(runtime, program.address, codes); });
    ASSERT_TRUE(world.run_until([this] { return program.handler->running == 1; }, seconds(5)));
    world.kill(client);
    world.run_for(seconds(1));
    EXPECT_EQ(program.handler->running, 1u);
    EXPECT_TRUE(program.handler->ended.empty()) << "not drained";
    world.run_for(seconds(2));
    EXPECT_EQ(program.handler->register_value, 7u);
    EXPECT_THAT(program.handler->ended, ElementsAre(1));
    stop_server();
}

TEST_F(ServerTest, StoppingAnswersWhatRunsAndRefusesTheRest) {
    program.grace = seconds(10);
    start_server();
    std::vector<Code> codes;
    sim::Process& client = start_client(
        [&](Runtime& runtime) { return call_and_wait(runtime, program.address, codes); });
    ASSERT_TRUE(world.run_until([this] { return program.handler->running == 1; }, seconds(5)));
    world.run_for(milliseconds(500));
    program.stop = true;
    ASSERT_TRUE(world.run_until([&] { return !client.running(); }, seconds(10)));
    EXPECT_THAT(codes, ElementsAre(Code::unavailable, Code::ok));
    ASSERT_TRUE(world.run_until([&] { return !server_process->running(); }, seconds(1)))
        << "it does not wait for the whole grace";
    EXPECT_EQ(program.register_value, 7u);
}

TEST_F(ServerTest, GraceEnds) {
    program.grace = seconds(1);
    start_server();
    std::vector<Code> codes;
    sim::Process& client = start_client(
        [&](Runtime& runtime) { return call_and_wait(runtime, program.address, codes); });
    ASSERT_TRUE(world.run_until([this] { return program.handler->running == 1; }, seconds(5)));
    program.stop = true;
    ASSERT_TRUE(world.run_until([&] { return !client.running(); }, seconds(10)));
    EXPECT_EQ(codes.front(), Code::connection_lost);
    stop_server();
    EXPECT_EQ(program.register_value, 7u) << "handlers are not cut off";
}

// A peer that knows the key and does not keep to the protocol.
Task<void> misbehave(Runtime& runtime, Address to, Bytes bytes, bool& hung_up) {
    Result<std::unique_ptr<Stream>> stream = co_await runtime.network.connect(to, seconds(1));
    CHECK(stream.has_value());
    ClientHello hello;
    hello.versions = versions_known;
    hello.cluster = demo_cluster();
    const Credentials credentials = key_of(1);
    Result<Agreement> agreement =
        co_await shake_hands(**stream, runtime.random, hello, credentials);
    CHECK(agreement.has_value());
    const std::array<ByteView, 1> slices{bytes};
    Result<void> sent = co_await write_all(**stream, slices);
    StreamDeadline limit(runtime.loop, **stream, seconds(1));
    co_await await_hang_up(**stream);
    hung_up = !limit.expired();
}

Bytes frame_of(FrameHeader header) {
    const FrameHeaderBytes raw = encode_frame_header(header, {});
    return {raw.begin(), raw.end()};
}

TEST_F(ServerTest, FramesThatAClientMustNotSendEndItsSession) {
    start_server();
    Bytes damaged = frame_of({.method = echo, .request = 1, .kind = FrameKind::request});
    damaged[60] ^= std::byte{1};
    const std::vector<Bytes> bad{pattern(500, 1), damaged,
                                 frame_of({.kind = FrameKind::notification}),
                                 frame_of({.request = 1, .kind = FrameKind::response})};
    for (const Bytes& bytes : bad) {
        bool hung_up = false;
        run_client(
            [&](Runtime& runtime) { return misbehave(runtime, program.address, bytes, hung_up); });
        EXPECT_TRUE(hung_up);
    }
    EXPECT_EQ(program.handler->handled, 0u);
    EXPECT_EQ(program.handler->ended.size(), bad.size());
    stop_server();
}

// The first request fills the session's room for a second; the second waits unread, too long.
Task<void> call_too_late(Runtime& runtime, Address to, std::vector<Code>& codes) {
    Connected connection = co_await Connection::connect(runtime, to, connect_options());
    CHECK(connection.has_value());
    Scope scope(runtime.loop);
    scope.spawn(call_into(**connection, echo_later, {seconds(1), 0}, codes));
    co_await Sleep(runtime.loop, milliseconds(50));
    Result<Reply> late =
        co_await (*connection)
            ->call(set_register, encode(Delay{{}, 9}), {}, {.timeout = milliseconds(100)});
    codes.push_back(late.code());
    co_await scope.join();
    // Its refusal frees its room here, although nobody waits for it.
    co_await Sleep(runtime.loop, milliseconds(500));
    EXPECT_EQ((*connection)->in_flight_bytes(), 0u);
    co_await (*connection)->close();
}

TEST_F(ServerTest, ARequestThatIsTooLateIsNotBegun) {
    program.options.session.in_flight_bytes_max = 1 * kib;
    start_server();
    std::vector<Code> codes;
    run_client([&](Runtime& runtime) { return call_too_late(runtime, program.address, codes); });
    EXPECT_THAT(codes, ElementsAre(Code::timed_out, Code::ok));
    EXPECT_EQ(program.handler->register_value, 0u);
    EXPECT_EQ(program.handler->handled, 1u);
    stop_server();
}

Task<void> call_behind_a_long_one(Runtime& runtime, Address to, std::vector<Code>& codes) {
    Connected connection = co_await Connection::connect(runtime, to, connect_options());
    CHECK(connection.has_value());
    Scope scope(runtime.loop);
    scope.spawn(call_into(**connection, echo_later, {seconds(40), 0}, codes));
    scope.spawn(call_into(**connection, echo_later, {}, codes));
    co_await scope.join();
    co_await (*connection)->close();
}

TEST_F(ServerTest, APeerThatWeDoNotReadFromIsNotSilent) {
    program.options.session.in_flight_bytes_max = 1 * kib;
    start_server();
    std::vector<Code> codes;
    run_client(
        [&](Runtime& runtime) { return call_behind_a_long_one(runtime, program.address, codes); });
    EXPECT_THAT(codes, ElementsAre(Code::ok, Code::ok));
    stop_server();
    codes.clear();
    program.options.session.in_flight_bytes_max = 1 * mib;
    program.options.in_flight_bytes_max = 1 * kib;
    start_server();
    run_client(
        [&](Runtime& runtime) { return call_behind_a_long_one(runtime, program.address, codes); });
    EXPECT_THAT(codes, ElementsAre(Code::ok, Code::ok));
    stop_server();
}

// Asks for a million notifications and reads none.
Task<void> never_read(Runtime& runtime, Address to) {
    Result<std::unique_ptr<Stream>> stream = co_await runtime.network.connect(to, seconds(1));
    CHECK(stream.has_value());
    ClientHello hello;
    hello.versions = versions_known;
    const Credentials credentials = key_of(1);
    Result<Agreement> agreement =
        co_await shake_hands(**stream, runtime.random, hello, credentials);
    CHECK(agreement.has_value());
    const Bytes body = encode(Delay{{}, 1'000'000});
    const FrameHeaderBytes header =
        encode_frame_header({.method = notify_me,
                             .request = 1,
                             .kind = FrameKind::request,
                             .body_length = static_cast<uint32_t>(body.size())},
                            body);
    const std::array<ByteView, 2> slices{ByteView(header), ByteView(body)};
    Result<void> sent = co_await write_all(**stream, slices);
    CHECK(sent.has_value());
    co_await Sleep(runtime.loop, seconds(10));
}

TEST_F(ServerTest, APeerThatDoesNotReadLosesItsSession) {
    program.options.session.send_queue_bytes_max = 64 * kib;
    start_server();
    start_client([&](Runtime& runtime) { return never_read(runtime, program.address); });
    ASSERT_TRUE(world.run_until([this] { return program.handler->ended.size() == 1; }, seconds(2)));
    stop_server();
}

Task<void> open_several(Runtime& runtime, Address to, std::vector<Code>& codes) {
    std::vector<std::unique_ptr<Connection>> open;
    for (uint64_t instance = 1; instance <= 4; instance++) {
        ConnectOptions options = connect_options();
        options.identity.instance = instance;
        Connected connection = co_await Connection::connect(runtime, to, options);
        codes.push_back(connection.code());
        if (connection)
            open.push_back(std::move(*connection));
    }
    for (auto& connection : open)
        co_await connection->close();
}

TEST_F(ServerTest, SessionsAreBounded) {
    program.options.sessions_max = 3;
    start_server();
    std::vector<Code> codes;
    run_client([&](Runtime& runtime) { return open_several(runtime, program.address, codes); });
    EXPECT_THAT(codes, ElementsAre(Code::ok, Code::ok, Code::ok, Code::overloaded));
    stop_server();
}

}  // namespace
}  // namespace cairn::rpc
