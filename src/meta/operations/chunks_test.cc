// Replica sets: leaving, joining, comparing, starts of chunk servers. Each rule that can be broken
// on purpose has its test here.
#include "meta/catalogue/chunk_state.h"
#include "meta/operations/world_for_tests.h"

namespace cairn::meta {
namespace {

class ChunkTest : public World, public testing::Test {
  public:
    ChunkTest() : file(make_file("f")) {
        open(file);
        chunk = add_chunk(file, 0);
    }
    void kill_writer() {
        EXPECT_EQ(end(file, client, logged::LeaseEnd::expired), 1U);
        fence_done(file);
    }
    size_t pieces() const { return catalogue.chunk(chunk)->pieces.size(); }

    FileId file;
    ChunkId chunk;
};

TEST_F(ChunkTest, ANewChunkIsMarkedAndMapped) {
    const ChunkMapReply maps = *catalogue.chunk_maps(file, 0, 2);
    EXPECT_EQ(maps.epoch, epoch(file));
    EXPECT_EQ(maps.replicas_min, 2);
    ASSERT_EQ(maps.chunks.size(), 2U);
    EXPECT_EQ(maps.chunks[0].chunk, chunk);
    EXPECT_EQ(maps.chunks[0].version, Version(1));
    EXPECT_TRUE(maps.chunks[0].marked);
    EXPECT_TRUE(maps.chunks[0].equal);
    EXPECT_EQ(maps.chunks[0].pieces.size(), 3U);
    EXPECT_TRUE(maps.chunks[1].chunk.is_none());
    EXPECT_EQ(maps.chunks[1].index, 1U);
    ASSERT_EQ(maps.servers.size(), 3U);
    EXPECT_EQ(maps.servers[0].host, HostId(1));
    EXPECT_EQ(catalogue.chunk_maps(file, 0, 257).code(), Code::invalid_argument);
    EXPECT_EQ(catalogue.server(servers[0])->chunks.size(), 1U);
    EXPECT_EQ(catalogue.totals().replicas, 3U);
    EXPECT_EQ(catalogue.totals().files_with_chunks, 1U);
}

TEST_F(ChunkTest, AddingChecksIdsPlacesAndLease) {
    const ChunkId id = run(logged::ReserveChunkIds{1}).as<logged::ReserveChunkIdsAnswer>()->first;
    logged::AddChunks add{file, client, InstanceId(1), epoch(file), {{1, id, {}}}};
    const auto code = [&] {
        return static_cast<Code>(run(add).as<logged::AddChunksAnswer>()->codes[0]);
    };
    add.chunks[0].places = {{servers[0], 1}};
    EXPECT_EQ(code(), Code::invalid_argument) << "below the minimum";
    add.chunks[0].places = {{servers[0], 1}, {servers[0], 1}};
    EXPECT_EQ(code(), Code::invalid_argument) << "twice on one server";
    add.chunks[0].places = {{servers[0], 1}, {servers[1], 2}};
    EXPECT_EQ(code(), Code::retry) << "another start of the server";
    add.chunks[0].places = {{servers[0], 1}, {servers[1], 1}};
    add.chunks[0].chunk = ChunkId(id.number + 1);
    EXPECT_EQ(code(), Code::invalid_argument) << "not reserved";
    add.chunks[0].chunk = chunk;
    EXPECT_EQ(code(), Code::invalid_argument) << "in use";
    add.chunks[0].chunk = id;
    add.chunks[0].index = 0;
    EXPECT_EQ(code(), Code::already_exists);
    EXPECT_EQ(run(add).as<logged::AddChunksAnswer>()->maps[0].chunk, chunk);
    add.chunks[0].index = 1;
    add.epoch = add.epoch.next();
    EXPECT_EQ(run(add).code, Code::lease_lost);
    add.epoch = epoch(file);
    EXPECT_EQ(code(), Code::ok);
    EXPECT_EQ(run(logged::ReserveChunkIds{0}).code, Code::invalid_argument);
}

TEST_F(ChunkTest, TheBrokenRuleForgetsTheMark) {
    rules.mark_before_write = false;
    const ChunkId unmarked = add_chunk(file, 1);
    EXPECT_FALSE(catalogue.chunk(unmarked)->marked);
    kill_writer();
    EXPECT_FALSE(comparing(unmarked));
    EXPECT_TRUE(comparing(chunk));
}

TEST_F(ChunkTest, MarksGoOnAndOffUnderTheLease) {
    EXPECT_EQ(unmark(file, chunk), 1U);
    EXPECT_TRUE(catalogue.marks().empty());
    EXPECT_TRUE(run(logged::MarkChunks{file, client, InstanceId(1), epoch(file), {chunk}}).ok());
    EXPECT_TRUE(catalogue.chunk(chunk)->marked);
    EXPECT_EQ(run(logged::MarkChunks{file, client, InstanceId(2), epoch(file), {chunk}}).code,
              Code::lease_lost);
    const Version flushed = version(chunk);
    EXPECT_EQ(leave(chunk, servers[0]), Code::ok);
    const logged::UnmarkChunks stale{file, client, InstanceId(1), epoch(file), {{chunk, flushed}}};
    EXPECT_EQ(run(stale).as<logged::UnmarkChunksAnswer>()->unmarked, 0U);
    EXPECT_TRUE(catalogue.chunk(chunk)->marked);
}

TEST_F(ChunkTest, LeavingRaisesTheVersionAndKeepsTheMinimum) {
    EXPECT_EQ(leave(chunk, servers[0]), Code::ok);
    EXPECT_EQ(version(chunk), Version(2));
    EXPECT_EQ(piece(chunk, servers[1])->since, Version(1));
    EXPECT_EQ(effects.left, (std::vector{ReplicaAt{chunk, servers[0]}}));
    EXPECT_TRUE(catalogue.server(servers[0])->chunks.empty());
    EXPECT_EQ(leave(chunk, servers[1]), Code::blocked);
    EXPECT_EQ(leave(chunk, servers[3]), Code::not_found);
    EXPECT_EQ(version(chunk), Version(2));
    const logged::LeaveReplicas stale{false, answering, {{chunk, Version(1), servers[1]}}};
    EXPECT_EQ(run(stale).as<logged::LeaveReplicasAnswer>()->codes[0],
              static_cast<uint16_t>(Code::stale_map));
}

TEST_F(ChunkTest, OnlyReplicasThatAnswerCountTowardsTheMinimum) {
    answering = {servers[1]};
    EXPECT_EQ(leave(chunk, servers[0]), Code::blocked);
    rules.minimum_counts_answering_unsuspect = false;
    EXPECT_EQ(leave(chunk, servers[0]), Code::ok);
}

TEST_F(ChunkTest, TheBrokenRuleFallsBelowTheMinimum) {
    rules.keep_minimum = false;
    EXPECT_EQ(leave(chunk, servers[0]), Code::ok);
    EXPECT_EQ(leave(chunk, servers[1]), Code::ok);
    EXPECT_EQ(leave(chunk, servers[2]), Code::blocked) << "the last one never leaves";
}

TEST_F(ChunkTest, LostReplicasLeaveDownToTheLast) {
    answering = {};
    EXPECT_EQ(leave(chunk, servers[0], true), Code::ok);
    EXPECT_EQ(leave(chunk, servers[1], true), Code::ok);
    EXPECT_EQ(leave(chunk, servers[2], true), Code::blocked);
    EXPECT_EQ(pieces(), 1U);
}

TEST_F(ChunkTest, TheBrokenRuleKeepsLostReplicasAtTheMinimum) {
    rules.lost_leaves_at_minimum = false;
    EXPECT_EQ(leave(chunk, servers[0], true), Code::ok);
    EXPECT_EQ(leave(chunk, servers[1], true), Code::blocked);
}

TEST_F(ChunkTest, AJoinerJoinsUnderANewVersionAndBecomesInSync) {
    EXPECT_TRUE(join(chunk, servers[3]).ok());
    EXPECT_EQ(version(chunk), Version(2));
    EXPECT_EQ(piece(chunk, servers[3])->state, PieceState::joining);
    EXPECT_EQ(piece(chunk, servers[3])->since, Version(2));
    EXPECT_EQ(catalogue.joiners().size(), 1U);
    EXPECT_EQ(join(chunk, servers[3]).code, Code::already_exists);
    // Another replica leaves meanwhile: the join goes on.
    EXPECT_EQ(leave(chunk, servers[0]), Code::ok);
    EXPECT_EQ(run(logged::JoinDone{chunk, Version(1), servers[3]}).code, Code::stale_map);
    EXPECT_TRUE(join_done(chunk, servers[3]).ok());
    EXPECT_EQ(version(chunk), Version(3)) << "a completed join raises nothing";
    EXPECT_EQ(catalogue.chunk(chunk)->in_sync_count(), 3U);
    EXPECT_TRUE(catalogue.joiners().empty());
    EXPECT_EQ(effects.completed, (std::vector{ReplicaAt{chunk, servers[3]}}));
    EXPECT_EQ(run(logged::JoinDone{chunk, Version(2), servers[3]}).code, Code::stale_map);
}

TEST_F(ChunkTest, AJoinIsOfOneStartOfItsServer) {
    const logged::JoinReplica old{chunk, version(chunk), servers[3], 0};
    EXPECT_EQ(run(old).code, Code::retry);
    EXPECT_TRUE(join(chunk, servers[3]).ok());
    start(servers[3]);
    EXPECT_EQ(piece(chunk, servers[3]), nullptr);
    EXPECT_EQ(version(chunk), Version(3));
    const logged::JoinReplica stale{chunk, Version(2), servers[3], 2};
    EXPECT_EQ(run(stale).code, Code::stale_map);
}

TEST_F(ChunkTest, AComparisonDropsJoinersAndAddsNone) {
    join(chunk, servers[3]);
    kill_writer();
    EXPECT_EQ(piece(chunk, servers[3]), nullptr);
    EXPECT_TRUE(catalogue.joiners().empty());
    EXPECT_EQ(join(chunk, servers[3]).code, Code::retry);
    EXPECT_EQ(version(chunk), Version(3));
}

TEST_F(ChunkTest, TheBrokenRulesKeepAndAddJoiners) {
    rules.drop_joiners_on_comparison = false;
    rules.no_join_during_comparison = false;
    join(chunk, servers[3]);
    kill_writer();
    EXPECT_NE(piece(chunk, servers[3]), nullptr);
    EXPECT_EQ(leave(chunk, servers[3]), Code::ok);
    EXPECT_TRUE(join(chunk, servers[3]).ok());
}

TEST_F(ChunkTest, AComparisonHasOneSourceAndEndsWithTheMark) {
    kill_writer();
    EXPECT_EQ(comparison_done(chunk).code, Code::not_found) << "without a source";
    EXPECT_EQ(choose_source(chunk, servers[3]).code, Code::not_found);
    EXPECT_EQ(run(logged::ChooseSource{chunk, Version(1), servers[0]}).code, Code::stale_map);
    EXPECT_TRUE(choose_source(chunk, servers[0]).ok());
    EXPECT_TRUE(choose_source(chunk, servers[0]).ok());
    EXPECT_EQ(choose_source(chunk, servers[1]).code, Code::already_exists);
    EXPECT_EQ(run(logged::ComparisonDone{chunk, Version(1)}).code, Code::stale_map);
    EXPECT_TRUE(comparison_done(chunk).ok());
    EXPECT_EQ(effects.compared, std::vector{chunk});
    EXPECT_FALSE(comparing(chunk));
    EXPECT_FALSE(catalogue.chunk(chunk)->marked);
    EXPECT_EQ(piece(chunk, servers[1])->since, version(chunk));
    EXPECT_EQ(comparison_done(chunk).code, Code::not_found);
}

TEST_F(ChunkTest, TheMarkStaysWhileAWriterHoldsTheFile) {
    kill_writer();
    open(file);
    EXPECT_EQ(unmark(file, chunk), 0U) << "a comparison runs";
    choose_source(chunk, servers[0]);
    EXPECT_TRUE(comparison_done(chunk).ok());
    EXPECT_TRUE(catalogue.chunk(chunk)->marked);
    EXPECT_EQ(unmark(file, chunk), 1U);
}

TEST_F(ChunkTest, ACleanCloseKeepsTheMarkOfARunningComparison) {
    kill_writer();
    open(file);
    EXPECT_TRUE(close(file).ok());
    EXPECT_TRUE(catalogue.chunk(chunk)->marked);
    choose_source(chunk, servers[0]);
    comparison_done(chunk);
    EXPECT_FALSE(catalogue.chunk(chunk)->marked);
}

TEST_F(ChunkTest, AComparisonStartsAnewWhenItsSetChanges) {
    kill_writer();
    choose_source(chunk, servers[0]);
    const Version before = version(chunk);
    EXPECT_EQ(leave(chunk, servers[1]), Code::ok);
    EXPECT_EQ(version(chunk), before.next()) << "raised once";
    EXPECT_EQ(catalogue.comparison(chunk)->source, servers[0]) << "still in the set";
    EXPECT_EQ(effects.comparing, std::vector{chunk});
    EXPECT_EQ(leave(chunk, servers[0], true), Code::ok);
    EXPECT_TRUE(catalogue.comparison(chunk)->source.is_none());
    const logged::RestartComparisons restart{{{chunk, version(chunk)}, {ChunkId(77), Version(1)}}};
    EXPECT_EQ(run(restart).as<logged::RestartComparisonsAnswer>()->restarted, 1U);
    EXPECT_EQ(run(restart).as<logged::RestartComparisonsAnswer>()->restarted, 0U);
}

// A write that only some replicas had room for failed: they must become equal again, though its
// writer goes on.
TEST_F(ChunkTest, AComparisonCanBeStartedUnderAWriter) {
    ASSERT_EQ(catalogue.comparison(chunk), nullptr);
    const Version before = version(chunk);
    const logged::RestartComparisons restart{{{chunk, before}}};
    EXPECT_EQ(run(restart).as<logged::RestartComparisonsAnswer>()->restarted, 1U);
    EXPECT_NE(catalogue.comparison(chunk), nullptr);
    EXPECT_EQ(version(chunk), before.next());
    EXPECT_EQ(effects.comparing, std::vector{chunk});
}

TEST_F(ChunkTest, StandInsAreLoggedOncePerBlock) {
    kill_writer();
    const auto stand_in = [this](CsId cs, std::vector<uint32_t> blocks) {
        return run(logged::StandIn{chunk, version(chunk), cs, std::move(blocks)}).code;
    };
    EXPECT_EQ(stand_in(servers[1], {5}), Code::not_found);
    choose_source(chunk, servers[0]);
    EXPECT_EQ(stand_in(servers[0], {5}), Code::invalid_argument);
    EXPECT_EQ(stand_in(servers[3], {5}), Code::invalid_argument);
    EXPECT_EQ(stand_in(servers[1], {1 << 20}), Code::out_of_range);
    EXPECT_EQ(stand_in(servers[1], {9, 5}), Code::ok);
    EXPECT_EQ(stand_in(servers[2], {5, 7}), Code::ok);
    const auto expected =
        std::vector<std::pair<uint32_t, CsId>>{{5, servers[1]}, {7, servers[2]}, {9, servers[1]}};
    EXPECT_EQ(catalogue.comparison(chunk)->stand_ins, expected);
    run(logged::RestartComparisons{{{chunk, version(chunk)}}});
    EXPECT_TRUE(catalogue.comparison(chunk)->stand_ins.empty());
}

TEST_F(ChunkTest, AnUncleanStartOfAReplicaOfAMarkedChunkMakesItLeave) {
    start(servers[0], true);
    EXPECT_EQ(piece(chunk, servers[0]), nullptr);
    EXPECT_EQ(version(chunk), Version(2));
    EXPECT_FALSE(comparing(chunk));
    EXPECT_NE(catalogue.lease(file), nullptr);
}

TEST_F(ChunkTest, AnUncleanStartIsBelievedWhereNothingWasOpen) {
    unmark(file, chunk);
    start(servers[0], true);
    EXPECT_NE(piece(chunk, servers[0]), nullptr);
    EXPECT_EQ(version(chunk), Version(1));
    EXPECT_TRUE(effects.suspect.empty());
}

TEST_F(ChunkTest, TheBrokenRuleBelievesAnUncleanStart) {
    rules.unclean_start_is_suspect = false;
    start(servers[0], true);
    EXPECT_NE(piece(chunk, servers[0]), nullptr);
    EXPECT_EQ(version(chunk), Version(1));
}

TEST_F(ChunkTest, AtTheMinimumAnUncleanReplicaIsSuspectAndCompared) {
    leave(chunk, servers[2]);
    start(servers[0], true);
    EXPECT_TRUE(piece(chunk, servers[0])->suspect);
    EXPECT_TRUE(comparing(chunk));
    EXPECT_EQ(effects.suspect, (std::vector{ReplicaAt{chunk, servers[0]}}));
    EXPECT_EQ(piece(chunk, servers[1])->since, version(chunk));
    EXPECT_NE(catalogue.lease(file), nullptr) << "the writer goes on";
    EXPECT_EQ(choose_source(chunk, servers[0]).code, Code::invalid_argument);
    EXPECT_TRUE(choose_source(chunk, servers[1]).ok());
    // The source, too, loses power: only suspects are left, so the writer's flush must not succeed.
    start(servers[1], true);
    ASSERT_EQ(effects.leases_ended.size(), 1U);
    EXPECT_EQ(effects.leases_ended[0].reason, logged::LeaseEnd::no_unsuspect_source);
    EXPECT_TRUE(catalogue.comparison(chunk)->source.is_none());
    EXPECT_TRUE(choose_source(chunk, servers[0]).ok());
    EXPECT_TRUE(comparison_done(chunk).ok());
    EXPECT_FALSE(piece(chunk, servers[0])->suspect);
    EXPECT_FALSE(piece(chunk, servers[1])->suspect);
}

TEST_F(ChunkTest, TheBrokenRuleComparesSuspectsUnderTheWriter) {
    rules.end_lease_without_unsuspect_source = false;
    leave(chunk, servers[2]);
    start(servers[0], true);
    start(servers[1], true);
    EXPECT_TRUE(effects.leases_ended.empty());
    EXPECT_TRUE(choose_source(chunk, servers[0]).ok());
}

TEST_F(ChunkTest, AWritersLeaseEndsBeforeASuspectIsChosen) {
    leave(chunk, servers[2]);
    start(servers[0], true);
    EXPECT_EQ(leave(chunk, servers[1], true), Code::ok);
    EXPECT_TRUE(comparing(chunk));
    EXPECT_EQ(choose_source(chunk, servers[0]).code, Code::busy);
    EXPECT_EQ(end(file, client, logged::LeaseEnd::no_unsuspect_source), 1U);
    EXPECT_TRUE(choose_source(chunk, servers[0]).ok());
}

TEST_F(ChunkTest, InARunningComparisonAnUncleanReplicaStays) {
    kill_writer();
    choose_source(chunk, servers[0]);
    const Version before = version(chunk);
    start(servers[0], true);
    EXPECT_TRUE(piece(chunk, servers[0])->suspect);
    EXPECT_TRUE(catalogue.comparison(chunk)->source.is_none());
    EXPECT_EQ(version(chunk), before.next());
}

TEST_F(ChunkTest, ACleanStartRestartsComparisonsAndKeepsTheRest) {
    start(servers[0]);
    EXPECT_EQ(version(chunk), Version(1));
    kill_writer();
    choose_source(chunk, servers[1]);
    const Version before = version(chunk);
    start(servers[0]);
    EXPECT_EQ(version(chunk), before.next());
    EXPECT_FALSE(piece(chunk, servers[0])->suspect);
    EXPECT_EQ(catalogue.comparison(chunk)->source, servers[1]);
}

TEST_F(ChunkTest, TheBrokenRuleKeepsWhatAnswersCountFrom) {
    rules.comparison_renews_since = false;
    kill_writer();
    EXPECT_EQ(piece(chunk, servers[0])->since, Version(1));
}

TEST_F(ChunkTest, ARestoredCopyIsRefused) {
    start(servers[0], true);
    logged::CsStarted old{servers[0], HostId(1), "host", Address{"10.0.0.1", 1}, "/cs", 0, 0, 9,
                          77,         {},        2};
    EXPECT_EQ(run(old).code, Code::behind) << "its state is older than its list of starts";
    old.integrity_sequence = 1;
    old.sync_epoch = 1;
    EXPECT_EQ(run(old).code, Code::behind);
    old.sync_epoch = 9;
    old.known_mark = 1;
    EXPECT_EQ(run(old).code, Code::retry) << "it was judged before the last start";
    old.known_mark = 2;
    EXPECT_TRUE(run(old).ok());
    old.known_mark = 0;
    EXPECT_TRUE(run(old).ok()) << "the same start again";
    rules.refuse_restored_copy = false;
    old.integrity_sequence = 0;
    EXPECT_TRUE(run(old).ok());
    old.cs = CsId(9999);
    EXPECT_EQ(run(old).code, Code::not_found);
}

TEST_F(ChunkTest, AnOfflineServersReplicasLeaveInBoundedSteps) {
    for (uint64_t i = 1; i < 5; i++)
        add_chunk(file, i, i == 4 ? 2 : 3);
    logged::LoseCsReplicas lose{servers[0], {}, 3, answering};
    EXPECT_EQ(run(lose).code, Code::stale_map) << "it is not offline";
    EXPECT_TRUE(run(logged::SetCsState{servers[0], CsLoggedState::offline}).ok());
    EXPECT_EQ(effects.servers_changed, std::vector{servers[0]});
    auto answer = *run(lose).as<logged::LoseCsReplicasAnswer>();
    EXPECT_EQ(answer.left, 3U);
    EXPECT_FALSE(answer.next.is_none());
    lose.from = answer.next;
    answer = *run(lose).as<logged::LoseCsReplicasAnswer>();
    EXPECT_EQ(answer.left, 2U);
    EXPECT_TRUE(answer.next.is_none());
    EXPECT_TRUE(catalogue.server(servers[0])->chunks.empty());
    start(servers[0]);
    EXPECT_EQ(catalogue.server(servers[0])->state, CsLoggedState::known);
}

TEST_F(ChunkTest, OfServersThatAreAllLostTheLastReplicaStays) {
    add_chunk(file, 1, 3);
    const auto lose = [this](CsId cs) {
        return run(logged::LoseCsReplicas{cs, {}, 100, {}})
            .as<logged::LoseCsReplicasAnswer>()
            ->left;
    };
    EXPECT_TRUE(run(logged::SetCsState{servers[0], CsLoggedState::offline}).ok());
    EXPECT_TRUE(run(logged::SetCsState{servers[1], CsLoggedState::offline}).ok());
    EXPECT_GT(lose(servers[0]), 0U);
    EXPECT_TRUE(run(logged::SetCsState{servers[2], CsLoggedState::offline}).ok());
    EXPECT_EQ(lose(servers[1]), 0U) << "any of those that are lost may be back first";
    EXPECT_EQ(lose(servers[2]), 0U);
    start(servers[1]);
    EXPECT_GT(lose(servers[2]), 0U) << "now there is another";
}

TEST_F(ChunkTest, StatesAreCountedInSteps) {
    for (uint64_t i = 1; i < 7; i++)
        add_chunk(file, i, i < 3 ? 2 : 3);
    kill_writer();
    CsActivities activities;
    for (const CsId cs : servers)
        activities[cs] = CsActivity::active;
    ChunkCounts counts;
    ChunkId from;
    int steps = 0;
    do {
        from = count_chunk_states(catalogue, activities, from, 3, counts);
        steps++;
    } while (!from.is_none());
    EXPECT_EQ(steps, 3);
    EXPECT_EQ(counts.total(), 7U);
    EXPECT_EQ(counts[ChunkState::replicating], 7U);
    for (const auto& [id, running] : std::map(catalogue.comparisons())) {
        choose_source(id, servers[0]);
        comparison_done(id);
    }
    counts = {};
    EXPECT_TRUE(count_chunk_states(catalogue, activities, {}, 100, counts).is_none());
    EXPECT_EQ(counts[ChunkState::healthy], 5U);
    EXPECT_EQ(counts[ChunkState::degraded], 2U);
}

TEST_F(ChunkTest, ManyPiecesAndBackAgain) {
    for (int i = 0; i < 3; i++) {
        servers.push_back(run(logged::AddCs{HostId(50), "h", "/cs" + std::to_string(i), 0})
                              .as<logged::AddCsAnswer>()
                              ->cs);
        start(servers.back());
        answering.push_back(servers.back());
    }
    for (size_t i = 3; i < 7; i++) {
        EXPECT_TRUE(join(chunk, servers[i]).ok());
        EXPECT_TRUE(join_done(chunk, servers[i]).ok());
    }
    EXPECT_EQ(pieces(), 7U);
    for (size_t i = 0; i < 5; i++)
        EXPECT_EQ(leave(chunk, servers[i]), Code::ok);
    EXPECT_EQ(pieces(), 2U);
    EXPECT_NE(piece(chunk, servers[5]), nullptr);
    EXPECT_NE(piece(chunk, servers[6]), nullptr);
}

}  // namespace
}  // namespace cairn::meta
