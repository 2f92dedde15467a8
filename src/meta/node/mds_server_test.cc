// Whole metadata servers on simulated hosts: how they start, agree, survive and follow each other.
#include "meta/node/cluster_for_test.h"
#include "meta/node/repository_files.h"

namespace cairn::meta {
namespace {

// The events that the catalogue of the master holds, and that contain `text`.
size_t events_with(const TestCluster& cluster, std::string_view text) {
    size_t count = 0;
    for (const Event& event : cluster.master()->node()->catalogue().events().all())
        count += event.text.find(text) != std::string::npos ? 1 : 0;
    return count;
}

void wait_for_names(TestCluster& cluster, const TestCluster::Writer& writer, uint64_t count) {
    ASSERT_TRUE(cluster.world.run_until(
        [&, goal = writer.next + count] { return writer.next >= goal; }, seconds(120)))
        << "nothing is acknowledged, seed " << cluster.world.seed();
}

TEST(MdsServer, OneServerCreatesTheClusterAndKeepsWhatItAcknowledged) {
    TestCluster cluster(1);
    cluster.create(1);
    TestCluster::Writer& writer = cluster.start_writer("w");
    wait_for_names(cluster, writer, 100);
    cluster.cut_power(0);
    cluster.start(0);
    wait_for_names(cluster, writer, 20);
    cluster.end_writers();
    cluster.expect_converged();
    EXPECT_EQ(cluster.master()->node()->catalogue().cluster_name(), "demo");
    EXPECT_TRUE(cluster.stop(0));
    EXPECT_TRUE(cluster.servers[0]->errors.empty());
}

TEST(MdsServer, ThreeServersAgreeAndSurviveTheirMaster) {
    TestCluster cluster(2);
    cluster.create(3);
    cluster.watch_agreement();
    TestCluster::Writer& writer = cluster.start_writer("w");
    for (int round = 0; round < 8; round++) {
        wait_for_names(cluster, writer, 30);
        const size_t old_master = cluster.number_of(cluster.master());
        if (round % 2 == 0)
            cluster.kill(old_master);
        else
            cluster.cut_power(old_master);
        EXPECT_TRUE(
            cluster.world.run_until([&] { return cluster.master() != nullptr; }, seconds(5)))
            << "no master 5 s after its death, round " << round;
        cluster.start(old_master);
    }
    cluster.end_writers();
    cluster.expect_converged();
}

TEST(MdsServer, FiveServersSurviveTheLossOfTwo) {
    TestCluster cluster(3);
    cluster.create(5);
    TestCluster::Writer& writer = cluster.start_writer("w");
    cluster.kill(cluster.number_of(cluster.master()));
    ASSERT_TRUE(cluster.world.run_until([&] { return cluster.master() != nullptr; }, seconds(5)));
    cluster.kill(cluster.number_of(cluster.master()));
    ASSERT_TRUE(cluster.world.run_until([&] { return cluster.master() != nullptr; }, seconds(5)));
    wait_for_names(cluster, writer, 30);
    // A third: no majority is left, and nothing is acknowledged.
    cluster.kill(cluster.number_of(cluster.master()));
    cluster.world.run_for(seconds(5));
    const uint64_t before = writer.next;
    cluster.world.run_for(seconds(10));
    EXPECT_EQ(writer.next, before);
    for (size_t i = 0; i < 5; i++)
        if (!cluster.is_up(i))
            cluster.start(i);
    wait_for_names(cluster, writer, 30);
    cluster.end_writers();
    cluster.expect_converged();
}

TEST(MdsServer, AMasterThatIsStoppedHandsOver) {
    TestCluster cluster(4);
    cluster.create(3);
    TestCluster::Writer& writer = cluster.start_writer("w");
    wait_for_names(cluster, writer, 10);
    const size_t old_master = cluster.number_of(cluster.master());
    const sim::SimTime told = cluster.world.now();
    cluster.servers[old_master]->stop = true;
    ASSERT_TRUE(cluster.world.run_until(
        [&] {
            const TestServer* master = cluster.master();
            return master != nullptr && cluster.number_of(master) != old_master;
        },
        seconds(5)));
    EXPECT_LT((cluster.world.now() - told).milliseconds(), 500);
    EXPECT_TRUE(cluster.stop(old_master));
    EXPECT_TRUE(cluster.servers[old_master]->errors.empty());
    cluster.start(old_master);
    cluster.end_writers();
    cluster.expect_converged();
}

// Messages from peers keep coming while a server stops.
TEST(MdsServer, ServersStopCleanlyUnderLoad) {
    for (uint64_t seed = 50; seed < 60; seed++) {
        TestCluster cluster(seed);
        cluster.create(3);
        cluster.start_writer("w");
        for (size_t i = 0; i < 6; i++) {
            cluster.world.run_for(milliseconds(200));
            ASSERT_TRUE(cluster.stop(i % 3)) << "seed " << seed;
            EXPECT_TRUE(cluster.servers[i % 3]->errors.empty());
            cluster.start(i % 3);
        }
        cluster.end_writers();
        cluster.expect_converged();
    }
}

// MON-096: a server that was away for longer than the log reaches gets a snapshot.
TEST(MdsServer, AServerThatLagsBehindIsSentASnapshot) {
    TestCluster cluster(5);
    cluster.create(3);
    TestCluster::Writer& writer = cluster.start_writer("w");
    wait_for_names(cluster, writer, 10);
    const size_t away = cluster.number_of(cluster.master()) == 2 ? 1 : 2;
    cluster.kill(away);
    wait_for_names(cluster, writer, 600);
    ASSERT_GT(cluster.master()->node()->statistics().snapshots_taken, 0u);
    cluster.start(away);
    ASSERT_TRUE(cluster.world.run_until(
        [&] {
            const MetaNode* node = cluster.servers[away]->node();
            return node != nullptr && node->statistics().snapshots_installed > 0;
        },
        seconds(30)));
    wait_for_names(cluster, writer, 50);
    cluster.end_writers();
    cluster.expect_converged();
    // One for each that was begun: a newer one may have to follow while names go on being made.
    const size_t resyncs = events_with(cluster, "state is outdated and will do a full resync");
    EXPECT_TRUE(resyncs == 1 || resyncs == 2) << resyncs;
    // What it got holds over another start.
    cluster.kill(away);
    cluster.cut_power(away);
    cluster.start(away);
    cluster.expect_converged();
}

TEST(MdsServer, ASlowServerIsReported) {
    TestCluster cluster(6);
    cluster.create(3);
    TestCluster::Writer& writer = cluster.start_writer("w");
    wait_for_names(cluster, writer, 10);
    const size_t slow = cluster.number_of(cluster.master()) == 2 ? 1 : 2;
    cluster.world.stall(*cluster.servers[slow]->process, seconds(15));
    cluster.world.run_for(seconds(14));
    EXPECT_EQ(events_with(cluster, "didn't accept commits for 10 sec"), 1u);
    cluster.end_writers();
    EXPECT_EQ(events_with(cluster, "lags behind for more than 1000 rounds"), 1u);
    cluster.expect_converged();
}

TEST(MdsServer, MembersComeAndGoUnderLoad) {
    TestCluster cluster(7);
    cluster.create(3);
    cluster.watch_agreement();
    TestCluster::Writer& writer = cluster.start_writer("w");
    wait_for_names(cluster, writer, 50);
    cluster.add_server();
    ASSERT_TRUE(cluster.world.run_until([&] { return cluster.voters() == 4; }, seconds(30)));
    // The master itself goes.
    const size_t gone = cluster.number_of(cluster.master());
    const Result<void> removed = cluster.remove(cluster.servers[gone]->id);
    ASSERT_TRUE(removed.has_value()) << removed.error().message();
    ASSERT_TRUE(cluster.world.run_until([&] { return cluster.voters() == 3; }, seconds(30)));
    // It learns that it was removed, says so, and stops.
    ASSERT_TRUE(cluster.world.run_until([&] { return !cluster.is_up(gone); }, seconds(30)));
    ASSERT_EQ(cluster.servers[gone]->errors.size(), 1u);
    EXPECT_EQ(cluster.servers[gone]->errors[0].code(), Code::permission_denied);
    // Removing it once more changes nothing.
    EXPECT_TRUE(cluster.remove(cluster.servers[gone]->id).has_value());
    EXPECT_EQ(cluster.remove(MdsId(9)).code(), Code::not_found);
    wait_for_names(cluster, writer, 50);
    cluster.end_writers();
    cluster.expect_converged();
}

TEST(MdsServer, TheOnlyServerAndTheLastMajorityStay) {
    TestCluster cluster(8);
    cluster.create(1);
    EXPECT_EQ(cluster.remove(MdsId(1)).code(), Code::invalid_argument);
    cluster.add_server();
    cluster.add_server();
    ASSERT_TRUE(cluster.world.run_until([&] { return cluster.voters() == 3; }, seconds(30)));
    const size_t master = cluster.number_of(cluster.master());
    const size_t down = master == 0 ? 1 : 0;
    const size_t other = 3 - master - down;
    cluster.kill(down);
    cluster.world.run_for(seconds(3));
    EXPECT_EQ(cluster.remove(cluster.servers[other]->id).code(), Code::blocked);
    // The one that is down may go.
    EXPECT_TRUE(cluster.remove(cluster.servers[down]->id).has_value());
    cluster.expect_converged();
}

// The others may yet need the vote of a server whose removal only the master has in its log: nobody
// is told that it is removed, the server itself neither.
TEST(MdsServer, ARemovalIsDoneWhenItIsCommitted) {
    TestCluster cluster(14);
    cluster.create(3);
    const size_t master = cluster.number_of(cluster.master());
    const size_t gone = (master + 1) % 3;
    const MdsId id = cluster.servers[gone]->id;
    sim::World::Machines others;
    for (const auto& server : cluster.servers) {
        if (server->id != cluster.servers[master]->id)
            others.push_back(server->machine);
    }
    bool done = false;
    bool cut = false;
    std::function<void()> watch = [&] {
        const MetaNode* node = cluster.servers[master]->node();
        const bool under_way = node != nullptr && node->raft_membership().find(id) == nullptr &&
                               node->committed_membership().find(id) != nullptr;
        if (!under_way && !done)
            return cluster.world.schedule(microseconds(20), watch);
        cut = under_way;
        cluster.world.partition({cluster.servers[master]->machine}, others);
        cluster.world.schedule(seconds(10), [&] {
            EXPECT_FALSE(done);
            EXPECT_TRUE(cluster.is_up(gone));
            cluster.world.heal_network();
        });
    };
    watch();
    const Result<void> removed = cluster.remove(id);
    done = true;
    EXPECT_TRUE(removed.has_value()) << removed.error().message();
    EXPECT_TRUE(cut);
    ASSERT_TRUE(cluster.world.run_until([&] { return !cluster.is_up(gone); }, seconds(30)));
    cluster.expect_converged();
}

// One that does not vote yet asks nobody for votes, and would never hear of it.
TEST(MdsServer, AServerThatIsRemovedWhileItIsAwayLearnsOfIt) {
    TestCluster cluster(15);
    cluster.create(3);
    cluster.add_server();
    const TestServer& added = *cluster.servers[3];
    ASSERT_TRUE(cluster.world.run_until(
        [&] {
            return added.node() != nullptr &&
                   added.node()->raft_membership().find(added.id) != nullptr;
        },
        seconds(10)));
    EXPECT_FALSE(added.node()->raft_membership().is_voter(added.id));
    cluster.world.partition(
        {added.machine},
        {cluster.servers[0]->machine, cluster.servers[1]->machine, cluster.servers[2]->machine});
    const Result<void> removed = cluster.remove(added.id);
    EXPECT_TRUE(removed.has_value()) << removed.error().message();
    cluster.world.run_for(seconds(5));
    EXPECT_TRUE(cluster.is_up(3));
    cluster.world.heal_network();
    ASSERT_TRUE(cluster.world.run_until([&] { return !cluster.is_up(3); }, seconds(30)));
    EXPECT_EQ(added.errors.at(0).code(), Code::permission_denied);
    cluster.expect_converged();
}

// A crashed master leaves an addition or removal half done; the next one completes it.
TEST(MdsServer, ChangesOfMembersOutliveTheirMaster) {
    for (uint64_t seed = 30; seed < 36; seed++) {
        TestCluster cluster(seed);
        cluster.create(3);
        cluster.add_server();
        Xoshiro random(seed);
        cluster.world.run_for(milliseconds(static_cast<int64_t>(random.below(600))));
        const size_t old_master = cluster.number_of(cluster.master());
        if (old_master < cluster.servers.size())
            cluster.kill(old_master);
        EXPECT_TRUE(cluster.world.run_until([&] { return cluster.voters() == 4; }, seconds(30)))
            << "seed " << seed;
        cluster.start(old_master);
        cluster.expect_converged();
    }
}

TEST(MdsServer, AKeyOfAnotherClusterIsRefused) {
    TestCluster cluster(9);
    cluster.create(1);
    ASSERT_TRUE(cluster.stop(0));
    cluster.options.key.cluster.bytes.fill(0x43);
    cluster.start(0);
    cluster.world.run_for(seconds(1));
    ASSERT_EQ(cluster.servers[0]->errors.size(), 1u);
    EXPECT_EQ(cluster.servers[0]->errors[0].code(), Code::wrong_cluster);
}

TEST(MdsServer, AFlippedByteInTheSnapshotStopsOneServerOnly) {
    TestCluster cluster(10);
    cluster.create(3);
    TestCluster::Writer& writer = cluster.start_writer("w");
    wait_for_names(cluster, writer, 300);
    const size_t victim = cluster.number_of(cluster.master()) == 2 ? 1 : 2;
    TestServer& server = *cluster.servers[victim];
    cluster.kill(victim);
    std::string path;
    for (const DirectoryEntry& entry : *server.machine->peek_directory("/mds"))
        if (parse_snapshot_file_name(snapshot_prefix, entry.name))
            path = "/mds/" + entry.name;
    const uint64_t size = server.machine->peek(path)->size();
    for (const uint64_t at : {size / 4, size / 2, size - 3}) {
        ASSERT_TRUE(server.machine->corrupt(path, at).has_value());
        cluster.start(victim);
        ASSERT_TRUE(cluster.world.run_until([&] { return !cluster.is_up(victim); }, seconds(10)));
        ASSERT_FALSE(server.errors.empty()) << at;
        EXPECT_EQ(server.errors.back().code(), Code::corrupt) << at;
        EXPECT_NE(server.errors.back().message().find(path), std::string::npos);
        ASSERT_TRUE(server.machine->corrupt(path, at).has_value());
    }
    wait_for_names(cluster, writer, 20);
    cluster.start(victim);
    cluster.end_writers();
    cluster.expect_converged();
}

// A server whose disk fails stops; the others go on.
TEST(MdsServer, ADiskThatFailsStopsOneServerOnly) {
    TestCluster cluster(11);
    cluster.create(3);
    TestCluster::Writer& writer = cluster.start_writer("w");
    wait_for_names(cluster, writer, 10);
    const size_t victim = cluster.number_of(cluster.master());
    TestServer& server = *cluster.servers[victim];
    sim::DiskFaults faults;
    faults.write_error = 1'000'000;
    server.machine->disk_of("/mds/x").set_faults(faults);
    ASSERT_TRUE(cluster.world.run_until([&] { return !cluster.is_up(victim); }, seconds(120)));
    ASSERT_EQ(server.errors.size(), 1u);
    EXPECT_EQ(server.errors[0].code(), Code::io_error);
    wait_for_names(cluster, writer, 20);
    server.machine->disk_of("/mds/x").heal();
    cluster.start(victim);
    wait_for_names(cluster, writer, 20);
    cluster.end_writers();
    cluster.expect_converged();
}

// It leaves the lead to another one, and takes part again once it has room.
TEST(MdsServer, AMasterWhoseDiskIsFullHandsOverAndWaits) {
    TestCluster cluster(12);
    cluster.create(3);
    TestCluster::Writer& writer = cluster.start_writer("w");
    wait_for_names(cluster, writer, 10);
    TestServer& full = *cluster.master();
    full.machine->disk_of("/mds/x").set_capacity(0);
    ASSERT_TRUE(cluster.world.run_until(
        [&] { return cluster.master() != nullptr && cluster.master() != &full; }, seconds(120)));
    wait_for_names(cluster, writer, 50);
    cluster.world.run_for(seconds(5));
    EXPECT_TRUE(full.errors.empty());
    EXPECT_EQ(events_with(cluster, "has no space for more of its log in /mds"), 1u);
    full.machine->disk_of("/mds/x").set_capacity(1 * gib);
    wait_for_names(cluster, writer, 50);
    cluster.world.run_for(seconds(5));
    EXPECT_EQ(events_with(cluster, "has space for its log again"), 1u);
    cluster.end_writers();
    cluster.expect_converged();
    EXPECT_TRUE(full.errors.empty());
}

TEST(MdsServer, TheOnlyServerWaitsForRoom) {
    TestCluster cluster(13);
    cluster.create(1);
    TestCluster::Writer& writer = cluster.start_writer("w");
    wait_for_names(cluster, writer, 10);
    TestServer& server = *cluster.servers[0];
    server.machine->disk_of("/mds/x").set_capacity(0);
    uint64_t names = 0;
    // Until nothing more is acknowledged.
    for (int i = 0; i < 120 && names != writer.next; i++) {
        names = writer.next;
        cluster.world.run_for(seconds(10));
    }
    ASSERT_EQ(names, writer.next);
    ASSERT_EQ(cluster.master(), &server) << "what needs no log goes on";
    server.machine->disk_of("/mds/x").set_capacity(1 * gib);
    wait_for_names(cluster, writer, 20);
    cluster.world.run_for(seconds(5));
    EXPECT_EQ(events_with(cluster, "has no space for more of its log in /mds"), 1u);
    EXPECT_EQ(events_with(cluster, "has space for its log again"), 1u);
    cluster.end_writers();
    cluster.expect_converged();
    // Told to stop while it waits, it does.
    server.machine->disk_of("/mds/x").set_capacity(0);
    cluster.start_writer("v");
    cluster.world.run_for(seconds(120));
    EXPECT_TRUE(cluster.stop(0));
    EXPECT_TRUE(server.errors.empty());
    server.machine->disk_of("/mds/x").set_capacity(1 * gib);
    cluster.start(0);
    cluster.end_writers();
    cluster.expect_converged();
}

}  // namespace
}  // namespace cairn::meta
