// Clients that write registers over a network that loses, delays and partitions, with processes
// killed under them: each answer is the caller's own, nothing hangs, writes of one client take
// effect in its order, and a seed decides everything.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "rpc/rpc_for_test.h"

namespace cairn::rpc {
namespace {

constexpr uint32_t clients = 3;
constexpr uint64_t writes_per_client = 60;
constexpr Method write{10};

struct Write {
    uint64_t value = 0;
    Duration delay;

    template <class A>
    void fields(A& archive) {
        archive(value, delay);
    }
};

// What outlives the server's processes: one register a client, and what was done to it.
struct Registers {
    std::map<PeerIdentity, uint64_t> last_written;
    std::map<PeerIdentity, uint64_t> running;
    uint64_t out_of_order = 0;
    uint64_t overlaps = 0;
};

class RegisterHandler : public Handler {
  public:
    RegisterHandler(Loop& loop, Registers& registers) : loop_(loop), registers_(registers) {}

    Task<Response> handle(Session& session, Request request) override {
        Result<Write> asked = decode<Write>(request.body.view());
        CHECK(asked.has_value());
        const PeerIdentity who = session.peer();
        // A client has one write in flight: only a session that was not drained makes two.
        if (registers_.running[who]++ > 0)
            registers_.overlaps++;
        co_await Sleep(loop_, asked->delay);
        registers_.running[who]--;
        if (asked->value < registers_.last_written[who])
            registers_.out_of_order++;
        registers_.last_written[who] = asked->value;
        co_return Response(encode(*asked), request.payload);
    }

  private:
    Loop& loop_;
    Registers& registers_;
};

struct Shared {
    Registers registers;
    Rules rules;
    uint64_t acknowledged = 0;
    uint64_t unknown = 0;
    uint64_t sessions = 0;
};

Task<void> serve_registers(Runtime& runtime, Shared& shared) {
    shared.registers.running.clear();  // of the process before
    RegisterHandler handler(runtime.loop, shared.registers);
    ServerIdentity identity;
    identity.cluster = demo_cluster();
    identity.identity = {Role::chunk_server, 1025, 1};
    identity.key = key_of(1);
    ServerOptions options;
    options.rules = shared.rules;
    Server server(runtime, identity, handler, options);
    Result<Address> listening = server.listen({"10.0.0.1", 4000});
    CHECK(listening.has_value());
    while (true)
        co_await Sleep(runtime.loop, seconds(3600));
}

// One write after the other; what is unknown is not repeated, the next goes over a new session.
Task<void> write_registers(Runtime& runtime, uint32_t node, Shared& shared) {
    std::unique_ptr<Connection> connection;
    ConnectOptions options = connect_options(0);
    options.identity = {Role::client, node, 1};
    for (uint64_t value = 1; value <= writes_per_client;) {
        if (connection == nullptr) {
            options.session++;
            auto connected = co_await Connection::connect(runtime, {"10.0.0.1", 4000}, options);
            if (!connected) {
                co_await Sleep(runtime.loop, milliseconds(100));
                continue;
            }
            connection = std::move(*connected);
            shared.sessions++;
        }
        const Bytes data = pattern(runtime.random.below(60'000), value);
        const auto delay_ms = static_cast<int64_t>(runtime.random.below(300));
        Bytes body = encode(Write{value, milliseconds(delay_ms)});
        const Bytes sent = body;
        Result<Reply> reply = co_await connection->call(
            write, std::move(body), Buffer::copy_of(data), {.timeout = milliseconds(400)});
        value++;
        if (reply) {
            shared.acknowledged++;
            CHECK(std::ranges::equal(reply->body.view(), sent));
            CHECK(std::ranges::equal(reply->payload.view(), data));
        } else {
            shared.unknown++;
            co_await connection->close();
            connection.reset();
        }
    }
    if (connection != nullptr)
        co_await connection->close();
}

struct Outcome {
    uint64_t hash = 0;
    Shared shared;
    std::map<std::string, uint64_t, std::less<>> probes;
    bool finished = false;
};

Outcome run_seed(uint64_t seed, Rules rules) {
    Outcome run;
    run.shared.rules = rules;
    sim::World world(seed);
    world.set_faults(sim::FaultPlan::swarm(world.random()));
    sim::Machine& server_host = world.add_host({.name = "server", .addresses = {"10.0.0.1"}});
    sim::Machine& client_host = world.add_host({.name = "client", .addresses = {"10.0.0.2"}});
    const auto start_server = [&]() -> sim::Process* {
        return &world.start(server_host, "server", [&run](Runtime& runtime) {
            return serve_registers(runtime, run.shared);
        });
    };
    sim::Process* server = start_server();
    std::vector<sim::Process*> programs;
    for (uint32_t i = 0; i < clients; i++) {
        programs.push_back(
            &world.start(client_host, fmt::format("client{}", i), [&run, i](Runtime& runtime) {
                return write_registers(runtime, 2049 + i, run.shared);
            }));
    }
    for (int i = 0; i < 6; i++) {
        world.run_for(milliseconds(static_cast<int64_t>(world.random().below(4000))));
        switch (world.random().below(4)) {
            case 0:
                world.kill(*server);
                server = start_server();
                break;
            case 1:
                world.partition({&server_host}, {&client_host});
                world.run_for(milliseconds(static_cast<int64_t>(world.random().below(12'000))));
                world.heal_network();
                break;
            case 2: world.lose_connections(server_host, client_host); break;
            default: world.stall(server_host, seconds(2)); break;
        }
    }
    world.heal();
    run.finished = world.run_until(
        [&] { return std::ranges::none_of(programs, [](auto* one) { return one->running(); }); },
        seconds(600));
    run.hash = world.trace_hash();
    run.probes = world.probes();
    return run;
}

TEST(RpcSwarm, WritesTakeEffectInOrder) {
    uint64_t acknowledged = 0;
    uint64_t unknown = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        const Outcome run = run_seed(seed, {});
        ASSERT_TRUE(run.finished) << "seed " << seed << " hangs";
        ASSERT_EQ(run.shared.registers.out_of_order, 0u) << "seed " << seed;
        ASSERT_EQ(run.shared.registers.overlaps, 0u) << "seed " << seed;
        acknowledged += run.shared.acknowledged;
        unknown += run.shared.unknown;
    }
    EXPECT_GT(acknowledged, 60u * clients * writes_per_client / 2);
    EXPECT_GT(unknown, 60u) << "the faults must bite";
}

TEST(RpcSwarm, WithoutDrainingSomeSeedCatchesIt) {
    uint64_t caught = 0;
    for (uint64_t seed = 1; seed <= 60 && caught == 0; seed++) {
        const Outcome run = run_seed(seed, {.drain_old_sessions = false});
        caught += run.shared.registers.out_of_order + run.shared.registers.overlaps;
    }
    EXPECT_GT(caught, 0u);
}

TEST(RpcSwarm, ASeedDecidesEverything) {
    for (const uint64_t seed : {3, 14, 15}) {
        const Outcome once = run_seed(seed, {});
        const Outcome again = run_seed(seed, {});
        EXPECT_EQ(once.hash, again.hash) << "seed " << seed;
        EXPECT_EQ(once.shared.acknowledged, again.shared.acknowledged);
    }
}

}  // namespace
}  // namespace cairn::rpc
