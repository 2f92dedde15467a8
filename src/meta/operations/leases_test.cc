// Clients, leases, fences, and answers kept for repeats.
#include "meta/operations/world_for_tests.h"

namespace cairn::meta {
namespace {

class LeaseTest : public World, public testing::Test {
  public:
    LeaseTest() : file(make_file("f")), other(new_client("/other")) {}
    FileId file;
    ClientId other;
};

TEST_F(LeaseTest, SharedAndExclusiveExcludeEachOther) {
    EXPECT_TRUE(grant(file, LeaseMode::exclusive, client).ok());
    const Answer refused = grant(file, LeaseMode::shared, other);
    EXPECT_EQ(refused.code, Code::busy);
    EXPECT_EQ(refused.message, "held by client 2049 at node (/mnt)");
    EXPECT_EQ(grant(file, LeaseMode::exclusive, other).code, Code::busy);
    EXPECT_TRUE(close(file).ok());
    EXPECT_TRUE(grant(file, LeaseMode::shared, client).ok());
    EXPECT_EQ(effects.leases_granted, (std::vector{std::pair(file, client)}));
    EXPECT_TRUE(grant(file, LeaseMode::shared, other).ok());
    EXPECT_EQ(grant(file, LeaseMode::exclusive, client).code, Code::busy);
    EXPECT_TRUE(effects.leases_granted.empty());
    EXPECT_EQ(grant(root_file, LeaseMode::shared, client).code, Code::is_a_directory);
    EXPECT_EQ(grant(file, LeaseMode::none, client).code, Code::invalid_argument);
}

TEST_F(LeaseTest, TheBrokenRuleGrantsBoth) {
    rules.shared_excludes_exclusive = false;
    EXPECT_TRUE(grant(file, LeaseMode::exclusive, client).ok());
    EXPECT_TRUE(grant(file, LeaseMode::shared, other).ok());
}

TEST_F(LeaseTest, EpochsRiseWithGrantsAndUncleanEnds) {
    const LeaseEpoch first = open(file, LeaseMode::shared);
    EXPECT_EQ(first.number, 1U);
    EXPECT_EQ(grant(file, LeaseMode::shared, other).as<logged::GrantLeaseAnswer>()->epoch, first);
    EXPECT_TRUE(close(file).ok());
    EXPECT_EQ(epoch(file), first);
    EXPECT_EQ(end(file, other, logged::LeaseEnd::expired), 1U);
    EXPECT_EQ(epoch(file).number, 2U);
    EXPECT_EQ(effects.fenced, std::vector{file});
    fence_done(file);
    EXPECT_EQ(open(file).number, 3U);
    // The same client again: the same lease.
    EXPECT_EQ(open(file, LeaseMode::shared).number, 3U);
    EXPECT_EQ(catalogue.lease(file)->mode, LeaseMode::exclusive);
    EXPECT_EQ(open(file).number, 3U);
}

TEST_F(LeaseTest, AReaderAloneBecomesTheWriter) {
    EXPECT_EQ(open(file, LeaseMode::shared).number, 1U);
    EXPECT_EQ(open(file, LeaseMode::exclusive).number, 2U);
    EXPECT_EQ(catalogue.lease(file)->mode, LeaseMode::exclusive);
    EXPECT_EQ(catalogue.lease(file)->holders.size(), 1U);
}

TEST_F(LeaseTest, TimeoutsAreTheClustersOrTheOpeners) {
    EXPECT_EQ(grant(file, LeaseMode::shared, client).as<logged::GrantLeaseAnswer>()->timeout,
              seconds(60));
    const logged::GrantLease longer{file, client, InstanceId(1), LeaseMode::shared, seconds(90)};
    EXPECT_EQ(run(longer).as<logged::GrantLeaseAnswer>()->timeout, seconds(90));
    EXPECT_EQ(grant(file, LeaseMode::shared, client).as<logged::GrantLeaseAnswer>()->timeout,
              seconds(90));
    logged::GrantLease endless = longer;
    endless.timeout = seconds(100'000);
    EXPECT_EQ(run(endless).code, Code::invalid_argument);
}

TEST_F(LeaseTest, AFenceHoldsGrantsBackUntilItsOwnEpochIsDone) {
    open(file);
    const LeaseEpoch before = epoch(file);
    EXPECT_EQ(end(file, client, logged::LeaseEnd::revoked), 1U);
    EXPECT_EQ(effects.leases_ended.size(), 1U);
    EXPECT_EQ(effects.leases_ended[0].mode, LeaseMode::exclusive);
    EXPECT_EQ(grant(file, LeaseMode::shared, other).code, Code::retry);
    const auto fences = catalogue.fences();
    ASSERT_EQ(fences.size(), 1U);
    EXPECT_EQ(fences[0].second, epoch(file));
    EXPECT_EQ(run(logged::FenceDone{{{file, before}}}).as<logged::FenceDoneAnswer>()->lifted, 0U);
    EXPECT_EQ(grant(file, LeaseMode::shared, other).code, Code::retry);
    EXPECT_EQ(fence_done(file), 1U);
    EXPECT_TRUE(grant(file, LeaseMode::shared, other).ok());
    EXPECT_TRUE(catalogue.fences().empty());
}

TEST_F(LeaseTest, TheBrokenRuleGrantsBesideAFence) {
    rules.fence_blocks_grants = false;
    open(file);
    end(file, client, logged::LeaseEnd::expired);
    EXPECT_TRUE(grant(file, LeaseMode::shared, other).ok());
}

TEST_F(LeaseTest, EndsOnlyWhatIsStillHeldUnderThatEpoch) {
    open(file);
    logged::EndLeases late{logged::LeaseEnd::expired,
                           {{file, LeaseEpoch(epoch(file).number - 1), {{client, InstanceId(1)}}}}};
    EXPECT_EQ(run(late).as<logged::EndLeasesAnswer>()->leases_ended, 0U);
    late.files[0].epoch = epoch(file);
    late.files[0].holders = {{other, InstanceId(1)}, {client, InstanceId(9)}};
    EXPECT_EQ(run(late).as<logged::EndLeasesAnswer>()->leases_ended, 0U);
    EXPECT_EQ(catalogue.lease(file)->holders.size(), 1U);
    EXPECT_TRUE(effects.fenced.empty());
}

TEST_F(LeaseTest, OneEndOfSeveralReadersRaisesTheEpochOnce) {
    open(file, LeaseMode::shared);
    grant(file, LeaseMode::shared, other);
    const ClientId third = new_client("/third");
    grant(file, LeaseMode::shared, third);
    const logged::EndLeases both{
        logged::LeaseEnd::expired,
        {{file, epoch(file), {{client, InstanceId(1)}, {other, InstanceId(1)}}}}};
    const LeaseEpoch before = epoch(file);
    EXPECT_EQ(run(both).as<logged::EndLeasesAnswer>()->leases_ended, 2U);
    EXPECT_EQ(epoch(file), before.next());
    EXPECT_EQ(catalogue.lease(file)->holders.size(), 1U);
    EXPECT_EQ(catalogue.lease(file)->mode, LeaseMode::shared);
    // The one that remains closes cleanly, under the epoch it knows.
    EXPECT_TRUE(run(logged::CloseLease{file, third, InstanceId(1), before, false, 0, {}}).ok());
    EXPECT_TRUE(catalogue.lease(file)->fence.has_value());
}

TEST_F(LeaseTest, AFenceStandsForEveryEndSinceItBegan) {
    open(file, LeaseMode::shared);
    run(logged::GrantLease{file, other, InstanceId(1), LeaseMode::shared, seconds(90)});
    end(file, other, logged::LeaseEnd::revoked);
    end(file, client, logged::LeaseEnd::expired);
    EXPECT_EQ(*catalogue.lease(file)->fence, (Fence{logged::LeaseEnd::revoked, seconds(90)}));
}

TEST_F(LeaseTest, FencesReachServersThatLeftUnderTheLease) {
    open(file);
    const ChunkId chunk = add_chunk(file, 0);
    EXPECT_EQ(leave(chunk, servers[0]), Code::ok);
    EXPECT_EQ(catalogue.fence_targets(file).left, std::vector{servers[0]});
    end(file, client, logged::LeaseEnd::expired);
    EXPECT_EQ(catalogue.fence_targets(file).holding, (std::vector{servers[1], servers[2]}));
    EXPECT_EQ(catalogue.fence_targets(file).left, std::vector{servers[0]});
    // One that leaves while the fence stands was in its maps, too.
    EXPECT_EQ(leave(chunk, servers[1], true), Code::ok);
    EXPECT_EQ(catalogue.fence_targets(file).left, (std::vector{servers[0], servers[1]}));
    fence_done(file);
    EXPECT_TRUE(catalogue.fence_targets(file).left.empty());
    EXPECT_EQ(catalogue.lease(file), nullptr);
}

TEST_F(LeaseTest, WhoeverStillReadsIsFencedAtServersThatLeftBefore) {
    open(file);
    const ChunkId chunk = add_chunk(file, 0);
    EXPECT_TRUE(close(file).ok());
    open(file, LeaseMode::shared);
    grant(file, LeaseMode::shared, other);
    EXPECT_EQ(leave(chunk, servers[0]), Code::ok);
    end(file, client, logged::LeaseEnd::revoked);
    fence_done(file);
    EXPECT_EQ(catalogue.fence_targets(file).left, std::vector{servers[0]});
}

TEST_F(LeaseTest, AClosedLeaseOwesNothing) {
    open(file);
    const ChunkId chunk = add_chunk(file, 0);
    EXPECT_EQ(leave(chunk, servers[0]), Code::ok);
    EXPECT_TRUE(catalogue.chunk(chunk)->marked);
    const logged::CloseLease close_it{file, client, InstanceId(1), epoch(file),
                                      true, 777,    WallTime{5000}};
    EXPECT_TRUE(run(close_it).ok());
    EXPECT_FALSE(catalogue.chunk(chunk)->marked);
    EXPECT_EQ(catalogue.lease(file), nullptr);
    EXPECT_EQ(catalogue.attributes(file)->size, 777U);
    EXPECT_EQ(catalogue.attributes(file)->modified, WallTime{5000});
    EXPECT_TRUE(grant(file, LeaseMode::exclusive, other).ok());
    EXPECT_EQ(run(close_it).code, Code::lease_lost);
}

TEST_F(LeaseTest, AWritersDeathStartsComparisonsOfMarkedChunksOnly) {
    open(file);
    const ChunkId open_chunk = add_chunk(file, 0);
    const ChunkId idle_chunk = add_chunk(file, 1);
    EXPECT_EQ(unmark(file, idle_chunk), 1U);
    end(file, client, logged::LeaseEnd::expired);
    EXPECT_EQ(effects.comparing, std::vector{open_chunk});
    EXPECT_EQ(version(open_chunk).number, 2U);
    EXPECT_EQ(piece(open_chunk, servers[0])->since.number, 2U);
    EXPECT_EQ(version(idle_chunk).number, 1U);
    EXPECT_FALSE(catalogue.chunk_maps(file, 0, 1)->chunks[0].equal);
    EXPECT_TRUE(catalogue.chunk_maps(file, 1, 1)->chunks[0].equal);
}

TEST_F(LeaseTest, ANewInstanceTakesOverAndTheOldOneIsFenced) {
    open(file);
    add_chunk(file, 0);
    EXPECT_EQ(new_client("/mnt", 2), client);
    ASSERT_EQ(effects.leases_ended.size(), 1U);
    EXPECT_EQ(effects.leases_ended[0].reason, logged::LeaseEnd::taken_over);
    EXPECT_EQ(effects.leases_ended[0].instance, InstanceId(1));
    EXPECT_EQ(effects.comparing.size(), 1U);
    fence_done(file);
    EXPECT_EQ(grant(file, LeaseMode::exclusive, client, 1).code, Code::instance_fenced);
    EXPECT_TRUE(grant(file, LeaseMode::exclusive, client, 2).ok());
    // A late copy of the old registration takes nothing over.
    const logged::RegisterClient late{HostId(99), "node", "/mnt", InstanceId(1)};
    EXPECT_EQ(run(late).code, Code::instance_fenced);
    EXPECT_TRUE(catalogue.lease(file)->held_by(client, InstanceId(2)));
    // The same registration again changes nothing.
    EXPECT_EQ(new_client("/mnt", 2), client);
    EXPECT_TRUE(effects.leases_ended.empty());
}

TEST_F(LeaseTest, UnregisteringEndsWhatIsHeld) {
    open(file);
    EXPECT_EQ(catalogue.leases_of(client), std::vector{file});
    EXPECT_TRUE(run(logged::UnregisterClient{client, InstanceId(1)}).ok());
    EXPECT_EQ(effects.leases_ended.size(), 1U);
    EXPECT_EQ(catalogue.client(client), nullptr);
    EXPECT_TRUE(catalogue.leases_of(client).empty());
    EXPECT_NE(new_client("/mnt"), client);
}

class SessionTest : public World, public testing::Test {
  public:
    Answer make(const std::string& name, uint64_t sequence, uint64_t answered_below = 0,
                uint64_t instance = 1) {
        logged::MakeNode node;
        node.parent = root_file;
        node.name = name;
        return run(node, RequestHeader{client, InstanceId(instance), sequence, answered_below});
    }
};

TEST_F(SessionTest, ARepeatedRequestGetsItsOwnAnswer) {
    const Answer first = make("f", 1);
    EXPECT_TRUE(first.ok());
    EXPECT_FALSE(repeated);
    const Answer again = make("f", 1);
    EXPECT_EQ(again, first);
    EXPECT_TRUE(repeated);
    EXPECT_EQ(make("f", 2).code, Code::already_exists);
    EXPECT_TRUE(run(logged::RemoveNode{root_file, "f", false}, {client, InstanceId(1), 3, 0}).ok());
    EXPECT_EQ(make("f", 2).code, Code::already_exists) << "errors are answers, too";
    EXPECT_TRUE(run(logged::RemoveNode{root_file, "f", false}, {client, InstanceId(1), 3, 0}).ok());
}

TEST_F(SessionTest, TheBrokenRuleDoesItTwice) {
    rules.keep_answers = false;
    EXPECT_TRUE(make("f", 1).ok());
    EXPECT_EQ(make("f", 1).code, Code::already_exists);
}

TEST_F(SessionTest, ReceivedAnswersAreForgottenAndNotDoneAgain) {
    EXPECT_TRUE(make("f", 1).ok());
    EXPECT_TRUE(make("g", 2, 2).ok());
    EXPECT_EQ(catalogue.client(client)->session.answers().size(), 1U);
    EXPECT_TRUE(run(logged::RemoveNode{root_file, "f", false}).ok());
    EXPECT_EQ(make("f", 1).code, Code::cancelled);
    EXPECT_EQ(catalogue.look_up(root_file, "f", true).code(), Code::not_found);
}

TEST_F(SessionTest, TheWindowIsBounded) {
    for (uint64_t i = 1; i <= SessionAnswers::answers_max; i++)
        EXPECT_TRUE(make("f" + std::to_string(i), i).ok());
    EXPECT_EQ(make("x", 1000).code, Code::overloaded);
    EXPECT_TRUE(make("x", 1000, 2).ok());
}

// Kept, the refusal would be repeated for ever to a client that asks again as it was told.
TEST_F(SessionTest, AnAnswerToAskAgainIsNotKept) {
    const FileId file = make_file("f");
    open(file);
    end(file, client, logged::LeaseEnd::expired);
    const ClientId other = new_client("/other");
    const logged::GrantLease wanted{file, other, InstanceId(1), LeaseMode::shared, {}};
    const RequestHeader origin{other, InstanceId(1), 1, 0};
    EXPECT_EQ(run(wanted, origin).code, Code::retry);
    EXPECT_EQ(fence_done(file), 1U);
    EXPECT_TRUE(run(wanted, origin).ok());
    EXPECT_FALSE(repeated);
}

TEST_F(SessionTest, OtherInstancesAndUnknownClientsAreRefused) {
    EXPECT_EQ(make("f", 1, 0, 2).code, Code::instance_fenced);
    client = ClientId(5000);
    EXPECT_EQ(make("f", 1).code, Code::instance_fenced);
    EXPECT_EQ(catalogue.node_count(), 1U);
}

TEST_F(SessionTest, ATakenOverSessionStartsAnew) {
    EXPECT_TRUE(make("f", 1).ok());
    new_client("/mnt", 2);
    EXPECT_TRUE(make("g", 1, 0, 2).ok());
    EXPECT_FALSE(repeated);
}

}  // namespace
}  // namespace cairn::meta
