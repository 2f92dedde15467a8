// For the tests of this folder: two simulated hosts, a server program whose handler notes what it
// does, and client programs.
#pragma once

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "rpc/connection.h"
#include "rpc/server.h"
#include "runtime/sim/world.h"
#include "wire/archive.h"

namespace cairn::rpc {

constexpr Method echo{1};          // answers body and payload as they came
constexpr Method echo_later{2};    // the same after Delay
constexpr Method fail{3};          // refuses, with a detail
constexpr Method set_register{4};  // after Delay, sets the register to its value
constexpr Method answer_size{5};   // answers a payload of Delay.value bytes
constexpr Method notify_me{6};     // sends Delay.value notifications before it answers

struct Delay {
    Duration delay;
    uint64_t value = 0;

    template <class A>
    void fields(A& archive) {
        archive(delay, value);
    }
};

inline ClusterKey key_of(uint8_t fill) {
    ClusterKey::Content content;
    content.fill(static_cast<std::byte>(fill));
    return ClusterKey(content);
}

inline ClusterIdentity demo_cluster() {
    ClusterIdentity cluster;
    cluster.id.bytes.fill(0x42);
    cluster.name = "demo";
    return cluster;
}

class TestHandler : public Handler {
  public:
    explicit TestHandler(Loop& loop) : loop_(loop) {}

    Task<Response> handle(Session& session, Request request) override {
        running++;
        max_running = std::max(max_running, running);
        handled++;
        Response response = co_await answer(session, request);
        running--;
        co_return response;
    }
    void session_opened(Session& session) override {
        opened.push_back(session.number());
        open.insert(&session);
    }
    void session_ended(Session& session) override {
        EXPECT_EQ(session.requests_running(), 0u);
        ended.push_back(session.number());
        open.erase(&session);
    }

    size_t running = 0;
    size_t max_running = 0;
    uint64_t handled = 0;
    uint64_t register_value = 0;
    std::vector<uint64_t> opened;
    std::vector<uint64_t> ended;
    std::set<Session*> open;

  private:
    Task<Response> answer(Session& session, Request& request) {
        Delay delay;
        if (request.method != echo && request.method != fail) {
            Result<Delay> decoded = decode<Delay>(request.body.view());
            CHECK(decoded.has_value());
            delay = *decoded;
        }
        if (delay.delay > Duration{})
            co_await Sleep(loop_, delay.delay);
        if (request.method == fail) {
            co_return Response::failure({Code::stale_map, "an older map"}, bytes_of("newer"));
        }
        if (request.method == set_register)
            register_value = delay.value;
        if (request.method == answer_size)
            co_return Response({}, Buffer::zeroed(delay.value));
        if (request.method == notify_me) {
            for (uint64_t i = 0; i < delay.value; i++) {
                Result<void> told = session.notify(echo, encode(Delay{{}, i}));
                if (!told)
                    break;
            }
        }
        const ByteView body = request.body.view();
        co_return Response(Bytes(body.begin(), body.end()), request.payload);
    }

    Loop& loop_;
};

// One server program and what its test sees of it.
struct ServerProgram {
    ServerIdentity identity{.cluster = demo_cluster(),
                            .identity = {Role::chunk_server, 1025, 77},
                            .derivation = {.salt = {},
                                           .operations = cheapest_operations,
                                           .memory_kib = cheapest_memory_kib},
                            .key = key_of(1)};
    ServerOptions options;
    Address address{"10.0.0.1", 4000};
    Duration grace = seconds(1);
    bool stop = false;
    // Only while it runs.
    Server* server = nullptr;
    TestHandler* handler = nullptr;
    std::vector<Address> failures;
    uint64_t register_value = 0;  // as it was when the program ended

    Task<void> main(Runtime& runtime) {
        TestHandler its_handler(runtime.loop);
        options.on_authentication_failure = [this](const Address& from) {
            failures.push_back(from);
        };
        Server its_server(runtime, identity, its_handler, options);
        Result<Address> listening = its_server.listen(address);
        CHECK(listening.has_value());
        address = *listening;
        server = &its_server;
        handler = &its_handler;
        while (!stop)
            co_await Sleep(runtime.loop, milliseconds(5));
        co_await its_server.stop(grace);
        register_value = its_handler.register_value;
        server = nullptr;
        handler = nullptr;
    }
};

inline ConnectOptions connect_options(uint64_t session = 1) {
    ConnectOptions options;
    options.cluster = demo_cluster();
    options.identity = {Role::client, 2049, 5};
    options.session = session;
    options.credentials = key_of(1);
    return options;
}

inline Bytes pattern(size_t size, uint64_t seed) {
    Xoshiro numbers(seed);
    Bytes bytes(size);
    for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(numbers.next());
    return bytes;
}

// Two hosts: the server's 10.0.0.1 and the clients' 10.0.0.2.
class RpcTest : public testing::Test {
  public:
    using Client = std::function<Task<void>(Runtime&)>;

    explicit RpcTest(uint64_t seed = 1) : world(seed) {
        server_host = &world.add_host({.name = "server", .addresses = {"10.0.0.1"}});
        client_host = &world.add_host({.name = "client", .addresses = {"10.0.0.2"}});
    }
    void start_server() {
        program.stop = false;
        server_process = &world.start(*server_host, "server",
                                      [this](Runtime& runtime) { return program.main(runtime); });
        ASSERT_TRUE(world.run_until([this] { return program.server != nullptr; }, seconds(1)));
    }
    void stop_server() {
        program.stop = true;
        ASSERT_TRUE(world.run_until([this] { return !server_process->running(); }, seconds(90)));
    }
    // `client` returns a task of a coroutine whose arguments outlive the test's world.
    sim::Process& start_client(Client client) {
        return world.start(*client_host, "client" + std::to_string(clients_++),
                           [client](Runtime& runtime) { return client(runtime); });
    }
    void run_client(Client client, Duration limit = seconds(120)) {
        sim::Process& process = start_client(std::move(client));
        ASSERT_TRUE(world.run_until([&process] { return !process.running(); }, limit))
            << "the client hangs";
    }

    ServerProgram program;
    sim::World world;
    sim::Machine* server_host = nullptr;
    sim::Machine* client_host = nullptr;
    sim::Process* server_process = nullptr;

  private:
    int clients_ = 0;
};

}  // namespace cairn::rpc
