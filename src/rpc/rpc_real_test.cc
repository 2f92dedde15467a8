// The same code over the real runtime: TCP and Unix sockets of this machine.
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

TEST(RpcReal, OverTcp) {
    real::TestMachine machine;
    int right = 0;
    machine.run(serve_and_call(machine.runtime(), {"127.0.0.1", 0}, right));
    EXPECT_EQ(right, 300);
}

TEST(RpcReal, OverAUnixSocket) {
    real::TestMachine machine;
    int right = 0;
    machine.run(serve_and_call(machine.runtime(), {machine.path("socket"), 0}, right));
    EXPECT_EQ(right, 300);
}

}  // namespace
}  // namespace cairn::rpc
