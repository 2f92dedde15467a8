// Who is let in, what the others are told, and what a server does with peers that are no peers.
#include "rpc/handshake.h"

#include <gmock/gmock.h>

#include "rpc/rpc_for_test.h"

namespace cairn::rpc {
namespace {

using testing::HasSubstr;

class HandshakeTest : public RpcTest {};

struct Attempt {
    Code code = Code::ok;
    std::string text;
    Duration took;
    ClusterKey key;
};

Task<void> attempt(Runtime& runtime, Address to, ConnectOptions options, Attempt& result) {
    const Instant start = runtime.loop.now();
    Result<std::unique_ptr<Connection>> connection =
        co_await Connection::connect(runtime, to, options);
    result.took = runtime.loop.now() - start;
    result.code = connection.code();
    if (connection) {
        Result<Reply> reply = co_await (*connection)->call(echo, {}, {}, {});
        EXPECT_TRUE(reply.has_value());
        result.key = (*connection)->agreement().cluster_key;
        co_await (*connection)->close();
    } else {
        result.text = connection.error().message();
    }
}

TEST_F(HandshakeTest, AWrongKeyIsRefusedLateAndReported) {
    start_server();
    ConnectOptions options = connect_options();
    options.credentials = key_of(2);
    Attempt result;
    run_client(
        [&](Runtime& runtime) { return attempt(runtime, program.address, options, result); });
    EXPECT_EQ(result.code, Code::authentication_failed);
    EXPECT_THAT(result.text, HasSubstr("wrong password"));
    EXPECT_GE(result.took, seconds(1));
    EXPECT_LT(result.took, milliseconds(1200));
    ASSERT_EQ(program.failures.size(), 1u);
    EXPECT_EQ(program.failures[0].host, "10.0.0.2");
    EXPECT_TRUE(program.handler->opened.empty());
    EXPECT_TRUE(world.run_until([this] { return program.server->handshakes() == 0; }, seconds(1)));
    stop_server();
}

TEST_F(HandshakeTest, WrongClusterNamesBoth) {
    start_server();
    ConnectOptions options = connect_options();
    options.cluster.id.bytes.fill(0x43);
    options.cluster.name = "other";
    Attempt result;
    run_client(
        [&](Runtime& runtime) { return attempt(runtime, program.address, options, result); });
    EXPECT_EQ(result.code, Code::wrong_cluster);
    EXPECT_THAT(result.text, HasSubstr("demo (42424242-"));
    EXPECT_THAT(result.text, HasSubstr("other (43434343-"));
    EXPECT_TRUE(program.failures.empty());
    stop_server();
}

TEST_F(HandshakeTest, VersionMismatchNamesBothRanges) {
    start_server();
    ConnectOptions options = connect_options();
    options.versions = {5, 7};
    Attempt result;
    run_client(
        [&](Runtime& runtime) { return attempt(runtime, program.address, options, result); });
    EXPECT_EQ(result.code, Code::version_mismatch);
    EXPECT_THAT(result.text, HasSubstr("version 1, this program 5 to 7"));
    stop_server();
}

TEST_F(HandshakeTest, APasswordIsEnoughToJoin) {
    Result<ClusterKey> key = derive_key("swordfish", program.identity.derivation);
    ASSERT_TRUE(key);
    program.identity.key = *key;
    start_server();
    ConnectOptions options = connect_options();
    options.cluster = {{}, "demo"};
    options.credentials = Password{"swordfish", cheapest_operations, cheapest_memory_kib};
    Attempt right;
    run_client([&](Runtime& runtime) { return attempt(runtime, program.address, options, right); });
    EXPECT_EQ(right.code, Code::ok);
    EXPECT_EQ(right.key, *key);

    options.credentials = Password{"haddock", cheapest_operations, cheapest_memory_kib};
    Attempt wrong;
    run_client([&](Runtime& runtime) { return attempt(runtime, program.address, options, wrong); });
    EXPECT_EQ(wrong.code, Code::authentication_failed);
    EXPECT_EQ(program.failures.size(), 1u);

    options.credentials = Password{"swordfish"};
    Attempt cheap;
    run_client([&](Runtime& runtime) { return attempt(runtime, program.address, options, cheap); });
    EXPECT_EQ(cheap.code, Code::authentication_failed) << "a cost that invites guessing";
    EXPECT_THAT(cheap.text, HasSubstr("only 1 operations"));
    EXPECT_EQ(program.failures.size(), 1u) << "nothing was proved to it";
    stop_server();
}

// A server that has the right words and not the key.
Task<void> pretend(Runtime& runtime, Address at) {
    Result<std::unique_ptr<Listener>> listener = runtime.network.listen(at);
    CHECK(listener.has_value());
    ServerIdentity identity;
    identity.cluster = demo_cluster();
    while (true) {
        Result<std::unique_ptr<Stream>> stream = co_await (*listener)->accept();
        CHECK(stream.has_value());
        ClientHelloBytes hello;
        Result<void> got = co_await read_exact(**stream, hello);
        CHECK(got.has_value());
        Result<ClientHello> client = decode_client_hello(hello);
        CHECK(client.has_value());
        const ServerHelloBytes answer = encode(answer_hello(identity, *client, Nonce{}));
        const std::array<ByteView, 1> slices{answer};
        Result<void> sent = co_await write_all(**stream, slices);
        CHECK(sent.has_value());
        ProofMessageBytes proof;
        got = co_await read_exact(**stream, proof);
        CHECK(got.has_value());
        // The client's own proof, sent back.
        const std::array<ByteView, 1> mirrored{proof};
        sent = co_await write_all(**stream, mirrored);
        co_await await_hang_up(**stream);
    }
}

TEST_F(HandshakeTest, AServerWithoutTheKeyIsNotBelieved) {
    world.start(*server_host, "impostor",
                [](Runtime& runtime) { return pretend(runtime, {"10.0.0.1", 4000}); });
    world.run_for(milliseconds(10));
    Attempt result;
    run_client([&](Runtime& runtime) {
        return attempt(runtime, Address{"10.0.0.1", 4000}, connect_options(), result);
    });
    EXPECT_EQ(result.code, Code::authentication_failed);
    EXPECT_THAT(result.text, HasSubstr("does not know the cluster's key"));
}

// Sends `bytes` and tells how many came back before the server hung up, and when.
Task<void> send_raw(Runtime& runtime, Address to, Bytes bytes, Duration between, size_t& answered,
                    Duration& took) {
    Result<std::unique_ptr<Stream>> stream = co_await runtime.network.connect(to, seconds(1));
    CHECK(stream.has_value());
    const Instant start = runtime.loop.now();
    for (size_t at = 0; at < bytes.size();) {
        const size_t piece = between == Duration{} ? bytes.size() : 1;
        const std::array<ByteView, 1> slices{ByteView(bytes).subspan(at, piece)};
        Result<void> sent = co_await write_all(**stream, slices);
        if (!sent)
            break;
        at += piece;
        if (between != Duration{})
            co_await Sleep(runtime.loop, between);
    }
    std::array<std::byte, 1024> buffer;
    answered = 0;
    while (true) {
        Result<size_t> count = co_await (*stream)->read(buffer);
        if (!count || *count == 0)
            break;
        answered += *count;
    }
    took = runtime.loop.now() - start;
}

TEST_F(HandshakeTest, GarbageIsHungUpOnWithoutAWord) {
    start_server();
    for (const size_t size : {size_t{168}, size_t{100'000}}) {
        size_t answered = 1;
        Duration took;
        run_client([&](Runtime& runtime) {
            return send_raw(runtime, program.address, pattern(size, 3), {}, answered, took);
        });
        EXPECT_EQ(answered, 0u);
        EXPECT_LT(took, seconds(1));
    }
    // Frames before the proof are not parsed either.
    ClientHello hello;
    hello.versions = versions_known;
    hello.cluster = demo_cluster();
    const ClientHelloBytes hello_bytes = encode(hello);
    Bytes bytes(hello_bytes.begin(), hello_bytes.end());
    const Bytes rest = pattern(5000, 4);
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    size_t answered = 0;
    Duration took;
    run_client([&](Runtime& runtime) {
        return send_raw(runtime, program.address, bytes, {}, answered, took);
    });
    EXPECT_LE(answered, sizeof(ServerHelloBytes));
    EXPECT_LT(took, seconds(1));
    EXPECT_EQ(program.handler->handled, 0u);
    EXPECT_TRUE(program.handler->opened.empty());
    stop_server();
}

TEST_F(HandshakeTest, ASlowPeerIsHungUpOn) {
    start_server();
    size_t answered = 1;
    Duration took;
    run_client([&](Runtime& runtime) {
        return send_raw(runtime, program.address, Bytes(168), milliseconds(200), answered, took);
    });
    EXPECT_EQ(answered, 0u);
    EXPECT_GE(took, milliseconds(4990));
    EXPECT_LT(took, milliseconds(5500));
    EXPECT_EQ(program.server->handshakes(), 0u);
    stop_server();
}

TEST_F(HandshakeTest, SilentPeersDoNotKeepHonestOnesOut) {
    program.options.handshakes_max = 8;
    start_server();
    std::vector<size_t> answered(50);
    std::vector<Duration> took(50);
    for (size_t i = 0; i < answered.size(); i++) {
        start_client([this, &answered, &took, i](Runtime& runtime) {
            return send_raw(runtime, program.address, {}, {}, answered[i], took[i]);
        });
    }
    ASSERT_TRUE(world.run_until([this] { return program.server->handshakes() == 8; }, seconds(1)));
    world.run_for(seconds(1));
    Attempt result;
    run_client(
        [&](Runtime& runtime) {
            return attempt(runtime, program.address, connect_options(), result);
        },
        seconds(3));
    EXPECT_EQ(result.code, Code::ok);
    EXPECT_LE(program.server->handshakes(), 8u);
    stop_server();
}

TEST_F(HandshakeTest, WaitingRefusalsAreBounded) {
    program.options.handshakes_max = 4;
    start_server();
    ConnectOptions options = connect_options();
    options.credentials = key_of(2);
    std::vector<Attempt> results(40);
    std::vector<sim::Process*> processes;
    for (Attempt& result : results) {
        processes.push_back(&start_client(
            [&](Runtime& runtime) { return attempt(runtime, program.address, options, result); }));
    }
    size_t most = 0;
    ASSERT_TRUE(world.run_until(
        [&] {
            most = std::max(most, program.server->handshakes());
            return std::ranges::none_of(processes, [](auto* one) { return one->running(); });
        },
        seconds(10)));
    EXPECT_LE(most, 4u);
    for (const Attempt& result : results)
        EXPECT_NE(result.code, Code::ok);
    EXPECT_TRUE(program.handler->opened.empty());
    stop_server();
}

}  // namespace
}  // namespace cairn::rpc
