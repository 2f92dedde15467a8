// Whole metadata servers on simulated hosts: how they start, agree, survive and follow each other.
#include "meta/node/cluster_for_test.h"

namespace cairn::meta {
namespace {

TEST(MdsServer, OneServerCreatesTheClusterAndKeepsWhatItAcknowledged) {
    TestCluster cluster(1);
    cluster.create(1);
    TestCluster::Writer& writer = cluster.start_writer("w");
    ASSERT_TRUE(cluster.world.run_until([&] { return writer.next > 100; }, seconds(60)));
    cluster.cut_power(0);
    cluster.start(0);
    const uint64_t before = writer.next;
    ASSERT_TRUE(cluster.world.run_until([&] { return writer.next > before + 20; }, seconds(60)));
    cluster.end_writers();
    cluster.expect_converged();
    EXPECT_TRUE(cluster.servers[0]->errors.empty());
    EXPECT_EQ(cluster.master()->node()->catalogue().cluster_name(), "demo");
    EXPECT_TRUE(cluster.stop(0));
    EXPECT_TRUE(cluster.servers[0]->errors.empty());
}

TEST(MdsServer, ThreeServersAgreeAndSurviveTheirMaster) {
    TestCluster cluster(2);
    cluster.create(3);
    cluster.watch_agreement();
    TestCluster::Writer& writer = cluster.start_writer("w");
    for (int round = 0; round < 5; round++) {
        ASSERT_TRUE(cluster.world.run_until(
            [&, goal = writer.next + 30] { return writer.next > goal; }, seconds(60)));
        const size_t old_master = cluster.number_of(cluster.master());
        cluster.kill(old_master);
        EXPECT_TRUE(cluster.world.run_until([&] { return cluster.master() != nullptr; },
                                            seconds(5)))
            << "no master 5 s after a kill, round " << round;
        cluster.start(old_master);
    }
    cluster.end_writers();
    cluster.expect_converged();
}

}  // namespace
}  // namespace cairn::meta
