// Calls over one connection: answers, errors, time, loss, and what is bounded.
#include "rpc/connection.h"

#include <gmock/gmock.h>

#include "rpc/flow.h"
#include "rpc/rpc_for_test.h"

namespace cairn::rpc {
namespace {

using testing::HasSubstr;

class ConnectionTest : public RpcTest {};

Task<std::unique_ptr<Connection>> must_connect(Runtime& runtime, Address to,
                                               ConnectOptions options) {
    Result<std::unique_ptr<Connection>> connection =
        co_await Connection::connect(runtime, std::move(to), std::move(options));
    CHECK_NOTE(connection.has_value(), "the test's connection");
    co_return std::move(*connection);
}

Task<void> call_each_kind(Runtime& runtime, Address to) {
    auto connection = co_await must_connect(runtime, to, connect_options());
    EXPECT_EQ(to_string(connection->agreement().peer), "CS#1025");
    EXPECT_EQ(connection->agreement().version, protocol_version_max);

    const std::vector<std::pair<size_t, size_t>> sizes{
        {0, 0},     {10, 0},      {0, 4096},         {100, 16384},
        {20000, 0}, {100, 17000}, {100000, 1 * mib}, {frame_body_max, frame_payload_max}};
    for (const auto& [body_size, payload_size] : sizes) {
        const Bytes body = pattern(body_size, 1);
        const Bytes data = pattern(payload_size, 2);
        Result<Reply> reply =
            co_await connection->call(echo, body, Buffer::copy_of(data), {.timeout = seconds(30)});
        CHECK(reply.has_value());
        EXPECT_TRUE(std::ranges::equal(reply->body.view(), body));
        EXPECT_TRUE(std::ranges::equal(reply->payload.view(), data));
    }

    Payload parts(Buffer::copy_of(bytes_of("one ")));
    parts.add(Buffer());
    parts.add(Buffer::copy_of(bytes_of("two ")));
    parts.add(Buffer::copy_of(bytes_of("three")));
    Result<Reply> joined = co_await connection->call(echo, {}, parts, {});
    CHECK(joined.has_value());
    EXPECT_EQ(text_of(joined->payload.view()), "one two three");

    Buffer detail;
    Result<Reply> refused = co_await connection->call(fail, {}, {}, {.error_detail = &detail});
    EXPECT_EQ(refused.code(), Code::stale_map);
    EXPECT_EQ(refused.error().message(), "an older map");
    EXPECT_EQ(text_of(detail.view()), "newer");

    Result<Reply> large = co_await connection->call(echo, Bytes(frame_body_max + 1), {}, {});
    EXPECT_EQ(large.code(), Code::too_large);
    Bytes size = encode(Delay{{}, frame_payload_max + 1});
    Result<Reply> large_answer = co_await connection->call(answer_size, std::move(size), {}, {});
    EXPECT_EQ(large_answer.code(), Code::too_large);

    EXPECT_EQ(connection->in_flight_bytes(), 0u);
    co_await connection->close();
    Result<Reply> after = co_await connection->call(echo, {}, {}, {});
    EXPECT_EQ(after.code(), Code::unavailable);
}

TEST_F(ConnectionTest, AnswersAndRefusals) {
    start_server();
    run_client([this](Runtime& runtime) { return call_each_kind(runtime, program.address); });
    stop_server();
}

Task<void> call_once(Connection& connection, uint64_t seed, int& right) {
    Xoshiro numbers(seed);
    Bytes body = encode(Delay{milliseconds(static_cast<int64_t>(numbers.below(300))), seed});
    const Bytes data = pattern(numbers.below(40000), seed);
    Result<Reply> reply =
        co_await connection.call(echo_later, body, Buffer::copy_of(data), {.timeout = seconds(60)});
    CHECK(reply.has_value());
    if (std::ranges::equal(reply->body.view(), body) &&
        std::ranges::equal(reply->payload.view(), data))
        right++;
}

Task<void> call_many(Runtime& runtime, Address to, int& right) {
    auto connection = co_await must_connect(runtime, to, connect_options());
    Scope scope(runtime.loop);
    for (uint64_t i = 0; i < 500; i++)
        scope.spawn(call_once(*connection, i, right));
    co_await scope.join();
    co_await connection->close();
}

TEST_F(ConnectionTest, ManyCallsAnsweredInAnyOrder) {
    sim::FaultPlan faults = sim::FaultPlan::none();
    faults.network.short_read = 200'000;
    faults.network.short_write = 200'000;
    faults.network.delay_spike = 10'000;
    world.set_faults(faults);
    start_server();
    int right = 0;
    run_client([&](Runtime& runtime) { return call_many(runtime, program.address, right); });
    EXPECT_EQ(right, 500);
    EXPECT_GT(program.handler->max_running, 50u);
    EXPECT_GT(world.probe("short stream read"), 0u);
    EXPECT_GT(world.probe("short stream write"), 0u);
    EXPECT_EQ(program.server->in_flight_bytes(), 0u);
    stop_server();
}

Task<void> call_and_give_up(Runtime& runtime, Address to) {
    auto connection = co_await must_connect(runtime, to, connect_options());
    const Instant start = runtime.loop.now();
    Bytes body = encode(Delay{seconds(2), 1});
    Result<Reply> late =
        co_await connection->call(set_register, body, {}, {.timeout = milliseconds(300)});
    EXPECT_EQ(late.code(), Code::timed_out);
    EXPECT_TRUE(late.error().outcome_unknown());
    EXPECT_GE(runtime.loop.now() - start, milliseconds(300));
    EXPECT_LT(runtime.loop.now() - start, milliseconds(400));
    EXPECT_GT(connection->in_flight_bytes(), 0u) << "the server still works on it";

    // A call of the same slot's successor must get its own answer, not the late one.
    Bytes mine = encode(Delay{seconds(3), 2});
    Result<Reply> reply = co_await connection->call(echo_later, mine, {}, {});
    CHECK(reply.has_value());
    EXPECT_TRUE(std::ranges::equal(reply->body.view(), mine));
    EXPECT_EQ(connection->in_flight_bytes(), 0u);
    co_await connection->close();
}

TEST_F(ConnectionTest, ATimedOutCallMayStillBeCarriedOut) {
    start_server();
    run_client([this](Runtime& runtime) { return call_and_give_up(runtime, program.address); });
    EXPECT_EQ(program.handler->register_value, 1u);
    stop_server();
}

Task<void> call_into(Connection& connection, Method method, Bytes body, CallOptions options,
                     std::vector<Code>& codes) {
    Result<Reply> reply = co_await connection.call(method, std::move(body), {}, options);
    codes.push_back(reply.code());
}

// Three calls that would take an hour, and one that has no room to be sent.
Task<void> call_until_lost(Runtime& runtime, Address to, std::vector<Code>& codes,
                           Duration& noticed) {
    ConnectOptions options = connect_options();
    options.in_flight_bytes_max = 4 * kib;
    auto connection = co_await must_connect(runtime, to, options);
    Scope scope(runtime.loop);
    const Instant start = runtime.loop.now();
    for (int i = 0; i < 4; i++) {
        scope.spawn(call_into(*connection, echo_later, encode(Delay{seconds(3600), 1}),
                              {.timeout = seconds(3600)}, codes));
    }
    co_await connection->lost_event().wait();
    noticed = runtime.loop.now() - start;
    co_await scope.join();
    Result<Reply> after = co_await connection->call(echo, {}, {}, {});
    codes.push_back(after.code());
    co_await connection->close();
}

const std::vector<Code> lost_codes{Code::connection_lost, Code::connection_lost,
                                   Code::connection_lost, Code::unavailable, Code::unavailable};

TEST_F(ConnectionTest, AKilledServerFailsItsCalls) {
    start_server();
    std::vector<Code> codes;
    Duration noticed;
    world.schedule(seconds(1), [this] { world.kill(*server_process); });
    run_client([&](Runtime& runtime) {
        return call_until_lost(runtime, program.address, codes, noticed);
    });
    EXPECT_THAT(codes, testing::UnorderedElementsAreArray(lost_codes));
    EXPECT_LT(noticed, seconds(3));
}

TEST_F(ConnectionTest, ASilentPeerIsGivenUp) {
    start_server();
    std::vector<Code> codes;
    Duration noticed;
    world.schedule(seconds(20), [this] { world.partition({server_host}, {client_host}); });
    run_client([&](Runtime& runtime) {
        return call_until_lost(runtime, program.address, codes, noticed);
    });
    EXPECT_THAT(codes, testing::UnorderedElementsAreArray(lost_codes));
    EXPECT_GT(noticed, seconds(20)) << "pings keep an idle connection";
    EXPECT_LT(noticed, seconds(31));
    EXPECT_TRUE(program.handler->open.size() == 1);
    EXPECT_TRUE(world.run_until([this] { return program.server->sessions().empty(); }, seconds(5)))
        << "the server gives the client up too";
}

Task<void> sit_idle(Runtime& runtime, Address to) {
    auto connection = co_await must_connect(runtime, to, connect_options());
    co_await Sleep(runtime.loop, seconds(600));
    EXPECT_FALSE(connection->lost());
    Result<Reply> reply = co_await connection->call(echo, {}, {}, {});
    EXPECT_TRUE(reply.has_value());
    co_await connection->close();
}

TEST_F(ConnectionTest, AnIdleConnectionLives) {
    start_server();
    run_client([this](Runtime& runtime) { return sit_idle(runtime, program.address); },
               seconds(700));
    stop_server();
}

Task<void> sit_idle_impatiently(Runtime& runtime, Address to) {
    ConnectOptions options = connect_options();
    options.pulse = {milliseconds(500), 4};
    auto connection = co_await must_connect(runtime, to, options);
    co_await Sleep(runtime.loop, seconds(60));
    EXPECT_FALSE(connection->lost());
    co_await connection->close();
}

TEST_F(ConnectionTest, AStallOfOurOwnIsNotThePeersSilence) {
    program.options.pulse = {milliseconds(500), 100};
    start_server();
    for (int i = 1; i <= 5; i++)
        world.schedule(seconds(10 * i), [this] { world.stall(*client_host, seconds(6)); });
    run_client([this](Runtime& runtime) { return sit_idle_impatiently(runtime, program.address); });
    stop_server();
}

Task<void> watch_in_flight(Loop& loop, Connection& connection, bool& done, uint64_t& most) {
    while (!done) {
        most = std::max(most, connection.in_flight_bytes());
        co_await Sleep(loop, milliseconds(1));
    }
}

Task<void> call_within_window(Runtime& runtime, Address to, uint64_t& most,
                              std::vector<Code>& codes) {
    ConnectOptions options = connect_options();
    options.in_flight_bytes_max = 100 * kib;
    auto connection = co_await must_connect(runtime, to, options);
    bool done = false;
    Scope watching(runtime.loop);
    watching.spawn(watch_in_flight(runtime.loop, *connection, done, most));
    Scope scope(runtime.loop);
    for (int i = 0; i < 50; i++) {
        scope.spawn(call_into(*connection, answer_size, encode(Delay{milliseconds(10), 20 * kib}),
                              {.timeout = seconds(60), .expected_reply = 20 * kib}, codes));
    }
    co_await scope.join();
    // All room is taken for a second; what cannot be sent in time was not sent.
    scope.spawn(call_into(*connection, echo_later, encode(Delay{seconds(1), 0}),
                          {.timeout = seconds(60), .expected_reply = 100 * kib}, codes));
    co_await Sleep(runtime.loop, milliseconds(10));
    scope.spawn(call_into(*connection, echo, {}, {.timeout = milliseconds(50)}, codes));
    co_await scope.join();
    done = true;
    co_await watching.join();
    co_await connection->close();
}

TEST_F(ConnectionTest, BytesInFlightAreBounded) {
    start_server();
    uint64_t most = 0;
    std::vector<Code> codes;
    run_client([&](Runtime& runtime) {
        return call_within_window(runtime, program.address, most, codes);
    });
    ASSERT_EQ(codes.size(), 52u);
    EXPECT_EQ(std::ranges::count(codes, Code::ok), 51);
    EXPECT_EQ(codes[50], Code::overloaded);
    EXPECT_LE(most, 100 * kib);
    EXPECT_GT(most, 60 * kib);
    EXPECT_LE(program.handler->max_running, 4u);
    EXPECT_EQ(program.handler->handled, 51u);
    stop_server();
}

class Listening : public NotificationHandler {
  public:
    void notified(Method method, Buffer body) override {
        EXPECT_EQ(method, echo);
        Result<Delay> decoded = decode<Delay>(body.view());
        CHECK(decoded.has_value());
        heard.push_back(decoded->value);
    }
    std::vector<uint64_t> heard;
};

Task<void> ask_for_notifications(Runtime& runtime, Address to, Listening& listening) {
    ConnectOptions options = connect_options();
    options.notifications = &listening;
    auto connection = co_await must_connect(runtime, to, options);
    Result<Reply> reply = co_await connection->call(notify_me, encode(Delay{{}, 100}), {}, {});
    EXPECT_TRUE(reply.has_value());
    EXPECT_EQ(listening.heard.size(), 100u) << "what was said before the answer comes before it";
    co_await connection->close();
}

TEST_F(ConnectionTest, NotificationsComeInOrder) {
    start_server();
    Listening listening;
    run_client([&](Runtime& runtime) {
        return ask_for_notifications(runtime, program.address, listening);
    });
    std::vector<uint64_t> expected(100);
    for (uint64_t i = 0; i < 100; i++)
        expected[i] = i;
    EXPECT_EQ(listening.heard, expected);
    stop_server();
}

Task<void> connect_to_nobody(Runtime& runtime, Address to, Code& code, std::string& text) {
    Result<std::unique_ptr<Connection>> connection =
        co_await Connection::connect(runtime, to, connect_options());
    code = connection.code();
    text = connection.error().message();
}

TEST_F(ConnectionTest, NobodyThere) {
    Code code = Code::ok;
    std::string text;
    run_client([&](Runtime& runtime) {
        return connect_to_nobody(runtime, Address{"10.0.0.1", 4999}, code, text);
    });
    EXPECT_EQ(code, Code::unavailable);
    EXPECT_THAT(text, HasSubstr("connecting to 10.0.0.1:4999"));
}

TEST(Flow, DeadlinesAreRoundedUp) {
    EXPECT_EQ(deadline_ms_of(nanoseconds(1)), 1u);
    EXPECT_EQ(deadline_ms_of(milliseconds(1)), 1u);
    EXPECT_EQ(deadline_ms_of(nanoseconds(1'000'001)), 2u);
    EXPECT_EQ(deadline_ms_of(nanoseconds(-5)), 1u);
    EXPECT_EQ(deadline_ms_of(seconds(int64_t{1} << 32)), UINT32_MAX);
}

}  // namespace
}  // namespace cairn::rpc
