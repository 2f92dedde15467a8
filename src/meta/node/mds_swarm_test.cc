// Metadata servers under every fault at once, from seeds: first safety, then everything heals and
// must agree. And the rules broken on purpose, each caught.
#include "meta/node/cluster_for_test.h"

namespace cairn::meta {
namespace {

// Faults that one server cannot survive alone are tested one by one (mds_server_test.cc).
sim::FaultPlan survivable(uint64_t seed) {
    sim::SimRandom random(seed);
    sim::FaultPlan plan = sim::FaultPlan::swarm(random);
    plan.disk.read_error = 0;
    plan.disk.write_error = 0;
    plan.disk.sync_error = 0;
    plan.disk.no_space = 0;
    plan.disk.bit_rot = 0;
    plan.disk.misdirected_write = 0;
    plan.host.stall_max = seconds(2);
    return plan;
}

void cut_off(TestCluster& cluster, const TestServer& server) {
    sim::World::Machines others;
    for (const auto& other : cluster.servers)
        if (other.get() != &server)
            others.push_back(other->machine);
    cluster.world.partition({server.machine}, others);
}

// One misfortune, aimed at a random server.
void strike(TestCluster& cluster, Xoshiro& random) {
    const size_t victim = random.below(cluster.servers.size());
    TestServer& server = *cluster.servers[victim];
    switch (random.below(6)) {
        case 0: cluster.kill(victim); break;
        case 1: cluster.cut_power(victim); break;
        case 2:
            cluster.world.stall(*server.machine, milliseconds(500 + 500 * random.below(6)));
            break;
        case 3: cut_off(cluster, server); break;
        case 4:
            cluster.world.block(*server.machine,
                                *cluster.servers[random.below(cluster.servers.size())]->machine);
            break;
        default: cluster.world.heal_network(); break;
    }
}

void run_swarm(uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TestCluster cluster(seed);
    ASSERT_NO_FATAL_FAILURE(cluster.create(seed % 4 == 0 ? 5 : 3));
    cluster.watch_agreement();
    cluster.start_writer("a", milliseconds(5));
    cluster.start_writer("b", milliseconds(5));
    cluster.world.set_faults(survivable(seed));
    Xoshiro random(seed * 7919);
    for (int i = 0; i < 25; i++) {
        cluster.world.run_for(milliseconds(static_cast<int64_t>(100 + random.below(900))));
        strike(cluster, random);
        for (size_t j = 0; j < cluster.servers.size(); j++)
            if (!cluster.is_up(j) && random.below(3) == 0)
                cluster.start(j);
    }
    cluster.world.heal();
    for (size_t j = 0; j < cluster.servers.size(); j++)
        if (!cluster.is_up(j))
            cluster.start(j);
    cluster.end_writers();
    cluster.expect_converged();
    for (const auto& server : cluster.servers)
        for (const Error& error : server->errors)
            ADD_FAILURE() << "MDS#" << server->id.number << ": " << error.message();
    EXPECT_GT(cluster.acknowledged(), 0u);
}

TEST(MdsSwarm, ServersAgreeUnderFaultsAndConvergeAfterThem) {
    for (uint64_t seed = 1000; seed < 1016; seed++)
        run_swarm(seed);
}

TEST(MdsSwarm, ASeedRunsTheSameTwice) {
    const auto run = [] {
        TestCluster cluster(77);
        cluster.create(3);
        cluster.start_writer("w");
        cluster.world.set_faults(survivable(77));
        cluster.world.run_for(seconds(5));
        cluster.kill(0);
        cluster.world.run_for(seconds(5));
        return cluster.world.trace_hash();
    };
    EXPECT_EQ(run(), run());
}

// Asks one server, and nobody else, for what was acknowledged last: stale if it has not heard of
// it.
struct Reader {
    Address server;
    bool end = false;
    uint64_t stale = 0;
    uint64_t answered = 0;
};
Task<void> ask(rpc::Link& link, std::string name, Reader& reader) {
    const LookUpRequest request{.start = FileId(1), .path = std::move(name)};
    Result<rpc::Reply> reply =
        co_await link.call(Method::look_up, encode(request), {}, {.timeout = seconds(10)});
    reader.answered += reply ? 1 : 0;
    reader.stale += reply.code() == Code::not_found ? 1 : 0;
}
Task<void> read_at_one_server(Runtime& runtime, const TestCluster& cluster, Reader& reader) {
    rpc::Links links(runtime, TestCluster::tool_identity());
    Scope scope(runtime.loop);
    while (!reader.end) {
        std::string newest;  // the root, until something is acknowledged
        for (const auto& writer : cluster.writers)
            if (!writer->acknowledged.empty())
                newest = writer->acknowledged.back();
        scope.spawn(ask(links.to(reader.server), newest, reader));
        co_await Sleep(runtime.loop, milliseconds(50));
    }
    co_await scope.join();
    co_await links.close();
}

// The master stands still, and cut off from its peers, while another takes over: what it says when
// it wakes must not be old.
uint64_t stale_answers(uint64_t seed, MetaNodeRules rules) {
    TestCluster cluster(seed);
    cluster.create(3);
    cluster.restart_all_with(rules);
    TestServer* const old_master = cluster.master();
    Reader reader{.server = old_master->address.next_port()};
    const sim::Process& process =
        cluster.world.start(*cluster.client_host, "reader", [&cluster, &reader](Runtime& runtime) {
            return read_at_one_server(runtime, cluster, reader);
        });
    cluster.world.run_for(milliseconds(500));
    cut_off(cluster, *old_master);
    cluster.world.stall(*old_master->process, seconds(6));
    cluster.world.run_for(seconds(4));
    cluster.start_writer("w", milliseconds(5), old_master);
    cluster.world.run_for(seconds(4));
    cluster.world.heal_network();
    reader.end = true;
    EXPECT_TRUE(cluster.world.run_until([&] { return !process.running(); }, seconds(30)));
    EXPECT_GT(reader.answered, 0u);
    EXPECT_GT(cluster.acknowledged(), 0u);
    cluster.end_writers();
    return reader.stale;
}

TEST(MdsRules, ADeposedMasterAnswersNothingOld) {
    uint64_t caught = 0;
    for (uint64_t seed = 200; seed < 206; seed++) {
        EXPECT_EQ(stale_answers(seed, {}), 0u) << "seed " << seed;
        caught += stale_answers(seed, {.confirm_before_answer = false});
    }
    EXPECT_GT(caught, 0u) << "the broken rule was not noticed";
}

// A master that is cut off goes on taking requests, and then is told that another one is there.
uint64_t lost_names(uint64_t seed, MetaNodeRules rules) {
    TestCluster cluster(seed);
    cluster.create(3);
    cluster.restart_all_with(rules);
    cluster.start_writer("w", milliseconds(5));
    for (int round = 0; round < 3; round++) {
        cluster.world.run_for(milliseconds(500));
        TestServer* const old_master = cluster.master();
        if (old_master == nullptr)
            continue;
        cut_off(cluster, *old_master);
        cluster.world.run_for(seconds(4));
        cluster.world.heal_network();
    }
    cluster.end_writers();
    EXPECT_TRUE(cluster.world.run_until([&] { return cluster.converged(); }, seconds(60)));
    return cluster.lost().size();
}

TEST(MdsRules, NothingIsAnsweredBeforeItIsAgreedOnAndApplied) {
    uint64_t caught = 0;
    for (uint64_t seed = 300; seed < 303; seed++) {
        EXPECT_EQ(lost_names(seed, {}), 0u) << "seed " << seed;
        caught += lost_names(seed, {.apply_before_answer = false});
    }
    EXPECT_GT(caught, 0u) << "the broken rule was not noticed";
}

}  // namespace
}  // namespace cairn::meta
