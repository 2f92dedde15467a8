// A metadata server that starts from an old copy of its repository is told apart, and does harm to
// nobody; all of them from copies of one moment make a cluster again.
#include "meta/node/cluster_for_test.h"

namespace cairn::meta {
namespace {

struct Restored : testing::Test {
    void SetUp() override {
        cluster.create(3);
        cluster.watch_agreement();
        writer = &cluster.start_writer("w", milliseconds(10));
        wait_for_names(20);
    }
    void TearDown() override {
        if (!HasFailure())
            return;
        for (const auto& server : cluster.servers)
            for (const Error& error : server->errors)
                ADD_FAILURE() << "MDS#" << server->id.number << ": " << error.message();
    }
    void wait_for_names(uint64_t count) {
        ASSERT_TRUE(cluster.world.run_until(
            [this, goal = writer->next + count] { return writer->next >= goal; }, seconds(120)));
    }
    sim::TreeImage save(size_t number) {
        Result<sim::TreeImage> image = cluster.servers[number]->machine->save("/mds");
        CHECK(image.has_value());
        return std::move(*image);
    }
    void restore(size_t number, const sim::TreeImage& image) {
        cluster.kill(number);
        CHECK(cluster.servers[number]->machine->restore("/mds", image).has_value());
        cluster.start(number);
    }
    [[nodiscard]] size_t some_follower() const {
        return (cluster.number_of(cluster.master()) + 1) % 3;
    }
    [[nodiscard]] bool was_refused(size_t number) const {
        const std::vector<Error>& errors = cluster.servers[number]->errors;
        return !errors.empty() && errors.back().code() == Code::permission_denied &&
               errors.back().message().find("old copy") != std::string::npos;
    }
    [[nodiscard]] bool event_tells(size_t number) const {
        const TestServer* master = cluster.master();
        if (master == nullptr)
            return false;
        const std::string who = "MDS#" + std::to_string(cluster.servers[number]->id.number) + " ";
        for (const Event& event : master->node()->catalogue().events().all())
            if (event.text.starts_with(who) && event.text.find("old copy") != std::string::npos)
                return true;
        return false;
    }

    TestCluster cluster{91};
    TestCluster::Writer* writer = nullptr;
};

TEST_F(Restored, AnOldCopyIsRefusedAndAnEventSaysSo) {
    const size_t victim = some_follower();
    const sim::TreeImage backup = save(victim);  // while it runs, as cp -a would
    wait_for_names(50);
    restore(victim, backup);
    EXPECT_TRUE(cluster.world.run_until([&] { return was_refused(victim); }, seconds(20)));
    EXPECT_TRUE(cluster.world.run_until([&] { return event_tells(victim); }, seconds(20)));
    wait_for_names(20);
    // As the error says: it is removed and made anew.
    EXPECT_TRUE(cluster.remove(cluster.servers[victim]->id).has_value());
    cluster.add_server();
    ASSERT_TRUE(cluster.world.run_until([&] { return cluster.voters() == 3; }, seconds(60)));
    cluster.end_writers();
    cluster.expect_converged();
}

TEST_F(Restored, ACopyOfTheMasterIsRefused) {
    const size_t victim = cluster.number_of(cluster.master());
    const sim::TreeImage backup = save(victim);
    wait_for_names(50);
    restore(victim, backup);
    EXPECT_TRUE(cluster.world.run_until([&] { return was_refused(victim); }, seconds(20)));
    EXPECT_TRUE(cluster.world.run_until([&] { return event_tells(victim); }, seconds(20)));
    wait_for_names(20);
    cluster.end_writers();
    cluster.expect_converged();
}

TEST_F(Restored, WhatWasSeenOutlivesTheProgramsThatSawIt) {
    const size_t victim = some_follower();
    EXPECT_TRUE(cluster.stop(victim));
    const sim::TreeImage backup = save(victim);
    cluster.start(victim);
    wait_for_names(50);
    cluster.world.run_for(seconds(15));
    // All at once, so that only their disks remember.
    for (size_t i = 0; i < 3; i++)
        cluster.cut_power(i);
    restore(victim, backup);
    for (size_t i = 0; i < 3; i++)
        if (i != victim)
            cluster.start(i);
    EXPECT_TRUE(cluster.world.run_until([&] { return was_refused(victim); }, seconds(20)));
    wait_for_names(20);
    cluster.end_writers();
    cluster.expect_converged();
}

TEST_F(Restored, ACleanCopyOfTheLastStopIsAsGoodAsTheOriginal) {
    const size_t victim = some_follower();
    EXPECT_TRUE(cluster.stop(victim));
    const sim::TreeImage copy = save(victim);
    wait_for_names(50);
    restore(victim, copy);
    wait_for_names(50);
    cluster.end_writers();
    cluster.expect_converged();
    EXPECT_TRUE(cluster.servers[victim]->errors.empty());
}

TEST_F(Restored, RestartsOfAllKindsAreNotTakenForCopies) {
    for (size_t round = 0; round < 24; round++) {
        cluster.world.run_for(milliseconds(300 + 210 * static_cast<int64_t>(round % 7)));
        if (round % 3 == 0)
            cluster.kill(round % 3);
        else if (round % 5 == 0)
            EXPECT_TRUE(cluster.stop(round % 3));
        else
            cluster.cut_power(round % 3);
        cluster.start(round % 3);
    }
    wait_for_names(20);
    for (const auto& server : cluster.servers)
        EXPECT_TRUE(server->errors.empty()) << server->errors.front().message();
    cluster.end_writers();
    cluster.expect_converged();
}

// A disaster: everything is brought back as it was when the cluster was stopped for a backup.
TEST_F(Restored, AllFromOneBackupAreAClusterAgain) {
    cluster.end_writers();
    for (size_t i = 0; i < 3; i++)
        EXPECT_TRUE(cluster.stop(i));
    std::vector<sim::TreeImage> backups;
    for (size_t i = 0; i < 3; i++)
        backups.push_back(save(i));
    for (size_t i = 0; i < 3; i++)
        cluster.start(i);
    ASSERT_TRUE(cluster.world.run_until([&] { return cluster.master() != nullptr; }, seconds(20)));
    cluster.world.run_for(seconds(30));
    for (size_t i = 0; i < 3; i++)
        cluster.kill(i);
    // Of another history from here on, so what was compared before says nothing.
    cluster.digests.clear();
    cluster.masters.clear();
    for (size_t i = 0; i < 3; i++)
        restore(i, backups[i]);
    writer = &cluster.start_writer("again");
    wait_for_names(20);
    cluster.end_writers();
    cluster.expect_converged();
}

}  // namespace
}  // namespace cairn::meta
