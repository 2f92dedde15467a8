// The edges of the interface: what is refused and how, limits, restarts, misuse.
#include "raft/raft.h"

#include <gtest/gtest.h>

#include "raft/test_cluster.h"

namespace cairn::raft {
namespace {

const MdsId one(1);
const MdsId two(2);
const MdsId three(3);

Membership voters(uint32_t count) {
    Membership membership;
    for (uint32_t id = 1; id <= count; id++)
        membership.members.push_back({MdsId(id), false, {}});
    return membership;
}

Config config_of(MdsId id) {
    Config config;
    config.id = id;
    return config;
}

TestCluster led_cluster(size_t count, Config config = {}) {
    TestCluster cluster;
    cluster.add_first(count, 0, config);
    cluster.campaign(one);
    cluster.stabilize();
    EXPECT_TRUE(cluster.raft(one).is_leader());
    return cluster;
}

Entry entry(uint64_t term, uint64_t index) {
    return {Term(term), LogIndex(index), EntryKind::data, {}};
}

TEST(RaftCreate, RefusesAConfigurationThatCannotWork) {
    const auto code = [](auto change) {
        Config config = config_of(one);
        change(config);
        return Raft::create(config, first_server(voters(1))).code();
    };
    EXPECT_EQ(code([](Config&) {}), Code::ok);
    EXPECT_EQ(code([](Config& c) { c.id = MdsId(); }), Code::invalid_argument);
    EXPECT_EQ(code([](Config& c) { c.heartbeat_ticks = 0; }), Code::invalid_argument);
    EXPECT_EQ(code([](Config& c) { c.election_ticks = 3; }), Code::invalid_argument);
    EXPECT_EQ(code([](Config& c) { c.inflight_messages_max = 0; }), Code::invalid_argument);
    EXPECT_EQ(code([](Config& c) { c.uncommitted_bytes_max = c.entry_bytes_max; }),
              Code::invalid_argument);
}

TEST(RaftCreate, RefusesADiskThatContradictsItself) {
    const auto code = [](auto change) {
        Restored restored = first_server(voters(3));
        restored.hard_state.term = Term(5);
        restored.entries = {entry(2, 2), entry(3, 3)};
        change(restored);
        return Raft::create(config_of(one), restored).code();
    };
    EXPECT_EQ(code([](Restored&) {}), Code::ok);
    EXPECT_EQ(code([](Restored& r) { r.entries.erase(r.entries.begin()); }), Code::corrupt);
    EXPECT_EQ(code([](Restored& r) { r.entries[1].index = LogIndex(4); }), Code::corrupt);
    EXPECT_EQ(code([](Restored& r) { r.entries[1].term = Term(1); }), Code::corrupt);
    EXPECT_EQ(code([](Restored& r) { r.hard_state.term = Term(2); }), Code::corrupt);
    EXPECT_EQ(code([](Restored& r) { r.snapshot.term = Term(6); }), Code::corrupt);
    EXPECT_EQ(code([](Restored& r) { r.snapshot = {LogIndex(2), Term(3), voters(3)}; }),
              Code::corrupt);
    EXPECT_EQ(code([](Restored& r) { r.snapshot.membership = {}; }), Code::corrupt);
    EXPECT_EQ(code([](Restored& r) { r.entries[0].kind = EntryKind::membership; }), Code::corrupt);
}

TEST(RaftCreate, KeepsEntriesBeforeTheSnapshotForSlowFollowers) {
    Restored restored = first_server(voters(3));
    restored.hard_state = {Term(2), MdsId(), LogIndex(5)};
    restored.snapshot = {LogIndex(4), Term(2), voters(3)};
    restored.entries = {entry(2, 2), entry(2, 3), entry(2, 4), entry(2, 5)};
    Raft raft = *Raft::create(config_of(one), restored);
    EXPECT_EQ(raft.log().base(), (Position{LogIndex(2), Term(2)}));
    EXPECT_EQ(raft.snapshot_meta(LogIndex(3)), std::nullopt);  // its members are not known any more
    const Output output = raft.take_output();
    ASSERT_EQ(output.committed.size(), 1u);
    EXPECT_EQ(output.committed[0].index, LogIndex(5));
    EXPECT_EQ(raft.snapshot_meta(LogIndex(5))->membership, voters(3));
}

TEST(RaftCreate, OneServerLeadsItself) {
    TestCluster cluster = led_cluster(1);
    ASSERT_TRUE(cluster.propose(one, "x"));
    ASSERT_TRUE(cluster.read(one, 7));
    EXPECT_EQ(cluster.server(one).state.size(), 2u);
    EXPECT_EQ(cluster.server(one).reads.size(), 1u);
    EXPECT_EQ(cluster.violation(), "");
}

TEST(RaftStep, RefusesWhatIsMalformedAndIgnoresWhatIsNotForIt) {
    Raft raft = *Raft::create(config_of(one), first_server(voters(3)));
    const Bytes before = raft.fingerprint(true);
    EXPECT_EQ(raft.step({one, one, Term(9), TimeoutNow{}}).code(), Code::invalid_argument);
    EXPECT_EQ(raft.step({two, one, Term(0), TimeoutNow{}}).code(), Code::invalid_argument);
    EXPECT_EQ(raft.step({two, one, Term(9),
                         AppendRequest{{LogIndex(1), Term(1)}, LogIndex(1), {entry(9, 3)}}})
                  .code(),
              Code::invalid_argument);
    EXPECT_TRUE(raft.step({two, three, Term(9), TimeoutNow{}}));
    EXPECT_EQ(raft.fingerprint(true), before);
}

TEST(RaftStep, ReportsACommittedEntryThatDiffers) {
    TestCluster cluster = led_cluster(3);
    Raft& follower = cluster.raft(two);
    ASSERT_EQ(follower.commit(), LogIndex(2));
    const auto append = [&](uint64_t term, uint64_t entry_term) {
        return follower.step(
            {three, two, Term(term),
             AppendRequest{
                 {LogIndex(1), Term(1)}, LogIndex(1), {entry(entry_term, 2), entry(term, 3)}}});
    };
    EXPECT_EQ(append(9, 9).code(), Code::corrupt);
    EXPECT_EQ(follower.log().last(), (Position{LogIndex(2), Term(2)}));
    EXPECT_EQ(follower.log().at(LogIndex(2)).kind, EntryKind::noop);
    // Late, but right: what is committed is passed over, what follows is taken.
    EXPECT_TRUE(append(9, 2));
    EXPECT_EQ(follower.log().last(), (Position{LogIndex(3), Term(9)}));
}

TEST(RaftStep, ReportsTwoLeadersOfOneTerm) {
    TestCluster cluster = led_cluster(3);
    EXPECT_EQ(cluster.raft(one).step({two, one, Term(2), HeartbeatRequest{}}).code(),
              Code::corrupt);
    EXPECT_EQ(cluster.raft(two).step({three, two, Term(2), HeartbeatRequest{}}).code(),
              Code::corrupt);
    EXPECT_TRUE(cluster.raft(one).is_leader());
}

TEST(RaftStep, RefusesAnAcknowledgementOfWhatWasNeverSent) {
    TestCluster cluster = led_cluster(3);
    EXPECT_EQ(
        cluster.raft(one).step({two, one, Term(2), AppendResponse{true, LogIndex(99), {}}}).code(),
        Code::invalid_argument);
}

TEST(RaftPropose, OnlyTheLeaderAndWithinItsLimits) {
    Config config;
    config.entry_bytes_max = 8;
    config.uncommitted_bytes_max = 64;
    TestCluster cluster = led_cluster(3, config);
    EXPECT_EQ(cluster.propose(two, "x").code(), Code::not_master);
    EXPECT_EQ(cluster.propose(one, "123456789").code(), Code::too_large);
    const auto position = cluster.propose(one, "12345678");
    ASSERT_TRUE(position);
    EXPECT_EQ(*position, (Position{LogIndex(3), Term(2)}));
    ASSERT_TRUE(cluster.propose(one, "12345678"));
    EXPECT_EQ(cluster.propose(one, "12345678").code(), Code::overloaded);
    EXPECT_EQ(cluster.propose(one, "").code(), Code::overloaded);  // an entry has a size of its own
    cluster.stabilize();
    EXPECT_TRUE(cluster.propose(one, "12345678"));
}

TEST(RaftPropose, LargeEntriesTravelOneByOneWithinTheWindow) {
    Config config;
    config.inflight_bytes_max = size_t{2} << 20;
    TestCluster cluster = led_cluster(3, config);
    const std::string large(config.entry_bytes_max, 'x');
    for (int i = 0; i < 5; i++)
        ASSERT_TRUE(cluster.propose(one, large));
    size_t messages = 0;
    for (const Message& message : cluster.network()) {
        const auto* append = std::get_if<AppendRequest>(&message.body);
        if (message.to == two && append != nullptr) {
            EXPECT_EQ(append->entries.size(), 1u);
            messages++;
        }
    }
    EXPECT_EQ(messages, 2u);
    cluster.stabilize();
    EXPECT_EQ(cluster.server(three).state.size(), 6u);
    EXPECT_EQ(cluster.violation(), "");
}

TEST(RaftMembers, RefusesWhatIsNoSingleChange) {
    TestCluster cluster = led_cluster(3);
    EXPECT_EQ(cluster.change_members(two, voters(4)).code(), Code::not_master);
    EXPECT_EQ(cluster.change_members(one, voters(5)).code(), Code::invalid_argument);
    EXPECT_EQ(cluster.change_members(one, Membership{}).code(), Code::invalid_argument);
    ASSERT_TRUE(cluster.change_members(one, voters(2)));
    EXPECT_EQ(cluster.change_members(one, voters(3)).code(), Code::retry);
    cluster.stabilize();
    EXPECT_TRUE(cluster.change_members(one, voters(3)));
}

TEST(RaftMembers, ALearnerNeverCampaigns) {
    TestCluster cluster;
    cluster.add_first(1, 1, {});
    for (int i = 0; i < 100; i++)
        cluster.tick(two);
    cluster.campaign(two);
    EXPECT_EQ(cluster.raft(two).role(), Role::follower);
    EXPECT_EQ(cluster.raft(one).transfer_leadership(two).code(), Code::not_master);
    cluster.campaign(one);
    EXPECT_EQ(cluster.transfer(one, two).code(), Code::invalid_argument);
}

TEST(RaftReads, AreBoundedAndRefusedWhenLeadershipEnds) {
    Config config;
    config.pending_reads_max = 2;
    TestCluster cluster = led_cluster(3, config);
    EXPECT_EQ(cluster.read(two, 1).code(), Code::not_master);
    ASSERT_TRUE(cluster.read(one, 2));
    ASSERT_TRUE(cluster.read(one, 3));
    EXPECT_EQ(cluster.read(one, 4).code(), Code::overloaded);
    cluster.network().clear();
    for (int i = 0; i < 10; i++)
        cluster.tick(one);
    EXPECT_EQ(cluster.server(one).refused_reads, (std::vector<uint64_t>{2, 3}));
}

TEST(RaftOutput, HandsOutCommittedEntriesInBoundedPortions) {
    Restored restored = first_server(voters(1));
    restored.hard_state = {Term(2), MdsId(), LogIndex(4)};
    restored.entries = {entry(2, 2), entry(2, 3), entry(2, 4)};
    Config config = config_of(one);
    config.committed_bytes_max = 2 * entry_overhead_bytes;
    Raft raft = *Raft::create(config, restored);
    const Output first = raft.take_output();
    EXPECT_EQ(first.committed.size(), 2u);
    EXPECT_TRUE(first.more_committed);
    const Output second = raft.take_output();
    EXPECT_EQ(second.committed.size(), 1u);
    EXPECT_FALSE(second.more_committed);
    EXPECT_TRUE(raft.take_output().empty());
}

TEST(RaftSnapshots, AnOldOrForeignOneIsNotWanted) {
    TestCluster cluster = led_cluster(3);
    Raft& follower = cluster.raft(two);
    EXPECT_FALSE(follower.offer_snapshot(one, Term(1), {LogIndex(9), Term(1)}));
    EXPECT_FALSE(follower.offer_snapshot(three, Term(2), {LogIndex(9), Term(2)}));
    EXPECT_FALSE(follower.offer_snapshot(one, Term(2), {LogIndex(2), Term(2)}));
    EXPECT_FALSE(follower.offer_snapshot(one, Term(2), {LogIndex(9), Term(3)}));
    EXPECT_TRUE(follower.offer_snapshot(one, Term(2), {LogIndex(9), Term(2)}));
    // What it holds itself needs no installing.
    EXPECT_FALSE(follower.install_snapshot(one, Term(2), {LogIndex(2), Term(2), voters(3)}));
}

TEST(RaftSnapshots, OneThatIsThereAlreadyIsAnsweredSo) {
    TestCluster cluster = led_cluster(3);
    Raft& follower = cluster.raft(two);
    static_cast<void>(follower.take_output());
    EXPECT_FALSE(follower.offer_snapshot(one, Term(2), {LogIndex(1), Term(1)}));
    const Output output = follower.take_output();
    ASSERT_EQ(output.messages.size(), 1u);
    const auto* answer = std::get_if<AppendResponse>(&output.messages[0].body);
    ASSERT_NE(answer, nullptr);
    EXPECT_TRUE(answer->accepted);
    EXPECT_GE(answer->index, LogIndex(1));
}

TEST(RaftSnapshots, TwoInARow) {
    TestCluster cluster = led_cluster(3);
    Raft& follower = cluster.raft(two);
    ASSERT_TRUE(follower.install_snapshot(one, Term(2), {LogIndex(10), Term(2), voters(3)}));
    Unpersisted first = follower.take_unpersisted();
    ASSERT_TRUE(follower.install_snapshot(one, Term(2), {LogIndex(20), Term(2), voters(4)}));
    follower.persisted(std::move(first).is_on_stable_media());
    EXPECT_FALSE(follower.take_output().restore.has_value());
    EXPECT_EQ(follower.snapshot_meta(LogIndex(2)), std::nullopt);
    follower.compact(LogIndex(2));  // a snapshot of its own that comes too late
    Unpersisted second = follower.take_unpersisted();
    EXPECT_EQ(second.snapshot()->index, LogIndex(20));
    follower.persisted(std::move(second).is_on_stable_media());
    EXPECT_EQ(follower.take_output().restore->index, LogIndex(20));
    EXPECT_EQ(follower.membership(), voters(4));
}

TEST(RaftCompaction, KnowsWhatFollowersNeed) {
    TestCluster cluster = led_cluster(3);
    for (const char* text : {"a", "b", "c"})
        ASSERT_TRUE(cluster.propose(one, text));
    cluster.stabilize([](MdsId, MdsId to) { return to != three; });
    EXPECT_EQ(cluster.raft(one).commit(), LogIndex(5));
    EXPECT_EQ(cluster.raft(one).first_needed(), LogIndex(3));
    cluster.compact(one, LogIndex(2));
    EXPECT_EQ(cluster.raft(one).log().base().index, LogIndex(2));
}

using RaftDeathTest = testing::Test;

TEST(RaftDeathTest, MisuseEndsTheProgram) {
    TestCluster cluster = led_cluster(1);
    Raft& raft = cluster.raft(one);
    EXPECT_DEATH((void)raft.take_unpersisted(), "nothing to persist");
    EXPECT_DEATH(raft.compact(LogIndex(3)), "not applied");
    ASSERT_TRUE(raft.propose({}));
    Unpersisted batch = raft.take_unpersisted();
    EXPECT_DEATH((void)raft.take_unpersisted(), "still being written");
    Persisted proof = std::move(batch).is_on_stable_media();
    raft.persisted(std::move(proof));
    // NOLINTNEXTLINE(bugprone-use-after-move): that this is caught is what the test is about.
    EXPECT_DEATH(raft.persisted(std::move(proof)), "handed back before");
}

}  // namespace
}  // namespace cairn::raft
