// One metadata server over the real runtime: a real log on a real disk.
#include <fmt/core.h>

#include "meta/node/cluster_for_test.h"
#include "runtime/real/test_machine.h"

namespace cairn::meta {
namespace {

struct Load {
    size_t writers = 0;
    uint64_t each = 0;
    uint64_t acknowledged = 0;
};

Task<void> write_names(MetaNode& node, size_t writer, Load& load) {
    for (uint64_t i = 0; i < load.each; i++) {
        const logged::MakeNode make{.parent = FileId(1),
                                    .name = fmt::format("{}-{}-{}", load.writers, writer, i),
                                    .symlink_target = {},
                                    .chunk_size = {}};
        Result<Answer> answer = co_await node.propose(entry_of(make, WallTime{1}));
        if (answer && answer->ok())
            load.acknowledged++;
    }
}

Task<void> measure(Runtime& runtime, MdsServer& server, Load& load) {
    const NodeStatistics before = server.node()->statistics();
    const Instant start = runtime.clock.now();
    Scope scope(runtime.loop);
    for (size_t i = 0; i < load.writers; i++)
        scope.spawn(write_names(*server.node(), i, load));
    co_await scope.join();
    const Duration took = runtime.clock.now() - start;
    const uint64_t groups = server.node()->statistics().groups_written - before.groups_written;
    fmt::print("{} at a time: {} changes in {} ms, {} a second, {} synchronous writes\n",
               load.writers, load.acknowledged, took.milliseconds(),
               load.acknowledged * 1000 / std::max<uint64_t>(1, took.milliseconds()), groups);
}

Task<void> run_server(Runtime& runtime, std::string directory, std::vector<Load>& loads,
                      size_t& names) {
    MdsServerOptions options;
    options.directory = std::move(directory);
    options.key = test_key();
    MdsServer server(runtime, options,
                     [](const MdsIdentity&) { return std::make_unique<TestHandler>(); });
    cairn::Event stop(runtime.loop);
    Scope scope(runtime.loop);
    scope.spawn([](MdsServer& its, cairn::Event& its_stop) -> Task<void> {
        Result<void> outcome = co_await its.run(its_stop);
        EXPECT_TRUE(outcome.has_value()) << outcome.error().message();
    }(server, stop));
    while (scope.running() > 0 && !server.serves_as_master())
        co_await Sleep(runtime.loop, milliseconds(1));
    for (Load& load : loads)
        co_await measure(runtime, server, load);
    names = server.node()->catalogue().node_count();
    stop.set();
    co_await scope.join();
}

Task<void> make(Runtime& runtime, std::string directory, Address address) {
    Result<void> made = co_await make_repository(
        runtime, {.directory = std::move(directory),
                  .identity = {test_cluster_id(), "demo", MdsId(1), std::move(address)},
                  .first = true,
                  .warn = {}});
    EXPECT_TRUE(made.has_value()) << made.error().message();
}

// Two ports that follow one another and are free now.
Address free_address(Network& network) {
    for (uint16_t port = 21'000; port < 30'000; port += 2) {
        const Address address{"127.0.0.1", port};
        if (network.listen(address) && network.listen(address.next_port()))
            return address;
    }
    ADD_FAILURE() << "no free ports";
    return {};
}

TEST(MdsReal, CommitsAreBatchedAndKept) {
    real::TestMachine machine;
    const std::string directory = machine.path("mds");
    machine.run(make(machine.runtime(), directory, free_address(machine.runtime().network)));
    std::vector<Load> loads{{.writers = 1, .each = 200}, {.writers = 64, .each = 100}};
    size_t names = 0;
    machine.run(run_server(machine.runtime(), directory, loads, names));
    EXPECT_EQ(loads[0].acknowledged, 200u);
    EXPECT_EQ(loads[1].acknowledged, 6400u);
    std::vector<Load> none;
    size_t names_after = 0;
    machine.run(run_server(machine.runtime(), directory, none, names_after));
    EXPECT_EQ(names_after, names);
}

}  // namespace
}  // namespace cairn::meta
