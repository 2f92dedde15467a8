// The same code over the real runtime: TCP and Unix sockets of this machine, and the short way.
#include <gtest/gtest.h>

#include "rpc/connection.h"
#include "rpc/rpc_for_test.h"
#include "runtime/real/test_machine.h"

namespace cairn::rpc {
namespace {

Task<void> call_once(Connection& connection, uint64_t seed, int& right) {
    const Bytes body = pattern(seed % 300, seed);
    const Bytes data = pattern(seed * 7919 % 70'000, seed);
    Result<Reply> reply =
        co_await connection.call(echo, body, Buffer::copy_of(data), {.timeout = seconds(30)});
    CHECK(reply.has_value());
    if (std::ranges::equal(reply->body.view(), body) &&
        std::ranges::equal(reply->payload.view(), data))
        right++;
}

Task<void> serve_and_call(Runtime& runtime, Address at, int& right) {
    ServerProgram program;
    TestHandler handler(runtime.loop);
    program.options.refusal_delay = milliseconds(20);
    Server server(runtime, program.identity, handler, program.options);
    Result<Address> listening = server.listen(at);
    CHECK(listening.has_value());

    ConnectOptions wrong = connect_options();
    wrong.credentials = key_of(9);
    Result<std::unique_ptr<Connection>> refused =
        co_await Connection::connect(runtime, *listening, wrong);
    EXPECT_EQ(refused.code(), Code::authentication_failed);

    Result<std::unique_ptr<Connection>> connection =
        co_await Connection::connect(runtime, *listening, connect_options());
    CHECK(connection.has_value());
    Scope scope(runtime.loop);
    for (uint64_t i = 0; i < 300; i++)
        scope.spawn(call_once(**connection, i, right));
    co_await scope.join();

    const Bytes body(frame_body_max, std::byte{1});
    const Buffer data = Buffer::zeroed(frame_payload_max);
    Result<Reply> largest =
        co_await (*connection)->call(echo, body, data, {.timeout = seconds(30)});
    CHECK(largest.has_value());
    EXPECT_EQ(largest->payload.size(), data.size());

    co_await server.stop(seconds(1));
    co_await (*connection)->lost_event().wait();
    co_await (*connection)->close();
    EXPECT_EQ(handler.ended.size(), 1u);
}

// Counts which ways are gone, and closes the short one if asked.
class CountingNetwork final : public Network {
  public:
    CountingNetwork(Network& real, bool nearby) : real_(real), nearby_(nearby) {}

    Task<Result<std::unique_ptr<Stream>>> connect(Address to, Duration timeout) override {
        over_network++;
        return real_.connect(std::move(to), timeout);
    }
    Result<std::unique_ptr<Listener>> listen(const Address& at) override {
        return real_.listen(at);
    }
    Result<std::unique_ptr<Stream>> connect_nearby(const Address& to) override {
        if (!nearby_)
            return Network::connect_nearby(to);
        Result<std::unique_ptr<Stream>> stream = real_.connect_nearby(to);
        if (stream)
            over_short_way++;
        return stream;
    }
    Result<std::unique_ptr<Listener>> listen_nearby(const Address& at) override {
        return nearby_ ? real_.listen_nearby(at) : Network::listen_nearby(at);
    }

    int over_network = 0;
    int over_short_way = 0;

  private:
    Network& real_;
    bool nearby_;
};

Runtime with_network(const Runtime& runtime, Network& network) {
    return {.loop = runtime.loop,
            .clock = runtime.clock,
            .network = network,
            .disk = runtime.disk,
            .random = runtime.random,
            .host = runtime.host,
            .log = runtime.log};
}

TEST(RpcReal, OverTcp) {
    real::TestMachine machine;
    CountingNetwork network(machine.runtime().network, false);
    Runtime runtime = with_network(machine.runtime(), network);
    int right = 0;
    machine.run(serve_and_call(runtime, {"127.0.0.1", 0}, right));
    EXPECT_EQ(right, 300);
    EXPECT_EQ(network.over_network, 2);
}

TEST(RpcReal, OverTheShortWayWhereThereIsOne) {
    real::TestMachine machine;
    CountingNetwork network(machine.runtime().network, true);
    Runtime runtime = with_network(machine.runtime(), network);
    int right = 0;
    machine.run(serve_and_call(runtime, {"127.0.0.1", 0}, right));
    EXPECT_EQ(right, 300);
    EXPECT_EQ(network.over_short_way, 2);
    EXPECT_EQ(network.over_network, 0);
}

// One that was killed still holds the name of the short way: the server is met over TCP, and by the
// short way as soon as the name is free.
Task<void> serve_where_the_name_is_taken(Runtime& runtime, CountingNetwork& network) {
    auto probe = runtime.network.listen({"127.0.0.1", 0});
    CHECK(probe.has_value());
    const Address at = (*probe)->address();
    (*probe)->close();
    auto former = runtime.network.listen_nearby(at);
    CHECK(former.has_value());
    ServerProgram program;
    TestHandler handler(runtime.loop);
    Server server(runtime, program.identity, handler, program.options);
    CHECK(server.listen(at).has_value());
    (*former)->close();
    Code code = Code::busy;
    const Instant deadline = runtime.clock.now() + seconds(30);
    while (network.over_short_way == 0 && runtime.clock.now() < deadline) {
        auto connection = co_await Connection::connect(runtime, at, connect_options());
        code = connection.code();
        if (connection)
            co_await (*connection)->close();
    }
    EXPECT_EQ(code, Code::ok);
    EXPECT_GT(network.over_network, 0);
    EXPECT_EQ(network.over_short_way, 1);
    co_await server.stop(seconds(1));
}

TEST(RpcReal, TheShortWayIsOfferedOnceItsNameIsFree) {
    real::TestMachine machine;
    CountingNetwork network(machine.runtime().network, true);
    Runtime runtime = with_network(machine.runtime(), network);
    machine.run(serve_where_the_name_is_taken(runtime, network));
}

TEST(RpcReal, OverAUnixSocket) {
    real::TestMachine machine;
    int right = 0;
    machine.run(serve_and_call(machine.runtime(), {machine.path("socket"), 0}, right));
    EXPECT_EQ(right, 300);
}

}  // namespace
}  // namespace cairn::rpc
