// The paper ("In Search of an Understandable Consensus Algorithm", extended version) and Ongaro's
// thesis, section by section and quoted in substance, against single servers that are fed messages
// by hand.
#include <gtest/gtest.h>

#include "raft/raft.h"
#include "raft/test_cluster.h"

namespace cairn::raft {
namespace {

Membership voters(uint32_t count) {
    Membership membership;
    for (uint32_t id = 1; id <= count; id++)
        membership.members.push_back({MdsId(id), false, {}});
    return membership;
}

// Server 1 of `count`, with these terms of entries from index 2 on.
Raft server_one(uint32_t count, std::vector<uint64_t> terms = {}, Rules rules = {}) {
    Restored restored = first_server(voters(count));
    for (const uint64_t term : terms) {
        const LogIndex index(2 + restored.entries.size());
        restored.entries.push_back({Term(term), index, EntryKind::data, {}});
        restored.hard_state.term = std::max(restored.hard_state.term, Term(term));
    }
    Config config;
    config.id = MdsId(1);
    config.rules = rules;
    auto raft = Raft::create(config, std::move(restored));
    EXPECT_TRUE(raft);
    return *std::move(raft);
}

// Everything it says now, with its disk keeping up.
Output settle(Raft& raft) {
    Output all;
    for (bool more = true; more;) {
        Output output = raft.take_output();
        std::ranges::move(output.messages, std::back_inserter(all.messages));
        std::ranges::move(output.committed, std::back_inserter(all.committed));
        std::ranges::move(output.reads, std::back_inserter(all.reads));
        more = raft.has_unpersisted();
        if (more)
            raft.persisted(raft.take_unpersisted().is_on_stable_media());
    }
    return all;
}

Output step(Raft& raft, uint32_t from, uint64_t term, MessageBody body) {
    EXPECT_TRUE(raft.step({MdsId(from), MdsId(1), Term(term), std::move(body)}));
    return settle(raft);
}

template <class Body>
std::vector<Body> bodies(const Output& output) {
    std::vector<Body> found;
    for (const Message& message : output.messages)
        if (const auto* body = std::get_if<Body>(&message.body))
            found.push_back(*body);
    return found;
}

Rules without_pre_vote() {
    Rules rules;
    rules.pre_vote = false;
    return rules;
}

// Elected in the term after the restored one, by server 2.
Raft leader_one(uint32_t count, std::vector<uint64_t> terms = {},
                Rules rules = without_pre_vote()) {
    Raft raft = server_one(count, std::move(terms), rules);
    raft.campaign();
    settle(raft);
    for (uint32_t voter = 2; !raft.is_leader(); voter++)
        step(raft, voter, raft.term().number, VoteResponse{false, true});
    return raft;
}

// 5.1: "If one server's current term is smaller than the other's, then it updates its current term
// to the larger value. If a candidate or leader discovers that its term is out of date, it
// immediately reverts to follower state."
TEST(Paper51, ALargerTermMakesAFollower) {
    Raft leader = leader_one(3);
    const Term term = leader.term().next();
    step(leader, 2, term.number, AppendRequest{{LogIndex(1), Term(1)}, LogIndex(1), {}});
    EXPECT_EQ(leader.role(), Role::follower);
    EXPECT_EQ(leader.term(), term);
    EXPECT_EQ(leader.leader(), MdsId(2));
}

// 5.1: "If a server receives a request with a stale term number, it rejects the request."
TEST(Paper51, AStaleTermIsRefused) {
    Raft raft = server_one(3, {5});
    const Output output = step(raft, 2, 4, AppendRequest{{LogIndex(2), Term(4)}, LogIndex(2), {}});
    ASSERT_EQ(bodies<AppendResponse>(output).size(), 1u);
    EXPECT_FALSE(bodies<AppendResponse>(output)[0].accepted);
    EXPECT_EQ(output.messages[0].term, Term(5));
    EXPECT_EQ(raft.leader(), MdsId());
}

// 5.2: "If a follower receives no communication over a period of time called the election timeout,
// then it [...] begins an election", and "election timeouts are chosen randomly from a fixed
// interval": here one to two timeouts.
TEST(Paper52, ElectionTimeoutsAreSpread) {
    std::map<int, int> seen;
    for (uint64_t seed = 0; seed < 400; seed++) {
        Config config;
        config.id = MdsId(1);
        config.seed = seed;
        Raft raft = *Raft::create(config, first_server(voters(3)));
        int ticks = 0;
        while (raft.role() == Role::follower) {
            raft.tick();
            ticks++;
        }
        seen[ticks]++;
    }
    EXPECT_EQ(seen.begin()->first, 10);
    EXPECT_EQ(seen.rbegin()->first, 19);
    EXPECT_EQ(seen.size(), 10u);
}

// 5.2: "a follower increments its current term and transitions to candidate state. It then votes
// for itself and issues RequestVote RPCs in parallel to each of the other servers."
TEST(Paper52, ACandidateVotesForItselfAndAsksAll) {
    Raft raft = server_one(5, {}, without_pre_vote());
    raft.campaign();
    const Output output = settle(raft);
    EXPECT_EQ(raft.role(), Role::candidate);
    EXPECT_EQ(raft.term(), Term(2));
    EXPECT_EQ(raft.status().vote, MdsId(1));
    EXPECT_EQ(bodies<VoteRequest>(output).size(), 4u);
}

// 5.2: "A candidate wins an election if it receives votes from a majority of the servers in the
// full cluster for the same term."
TEST(Paper52, AMajorityElects) {
    for (uint32_t servers = 1; servers <= 7; servers++) {
        Raft raft = server_one(servers, {}, without_pre_vote());
        raft.campaign();
        settle(raft);
        uint32_t votes = 1;
        for (uint32_t voter = 2; voter <= servers && !raft.is_leader(); voter++) {
            step(raft, voter, 2, VoteResponse{false, true});
            step(raft, voter, 2, VoteResponse{false, true});  // repeated, counts once
            votes++;
        }
        EXPECT_TRUE(raft.is_leader());
        EXPECT_EQ(votes, servers / 2 + 1);
    }
}

// 5.2: "Each server will vote for at most one candidate in a given term, on a
// first-come-first-served basis."
TEST(Paper52, OneVoteATerm) {
    Raft raft = server_one(3);
    const VoteRequest request{false, false, {LogIndex(1), Term(1)}};
    EXPECT_TRUE(bodies<VoteResponse>(step(raft, 2, 2, request))[0].granted);
    EXPECT_FALSE(bodies<VoteResponse>(step(raft, 3, 2, request))[0].granted);
    EXPECT_TRUE(bodies<VoteResponse>(step(raft, 2, 2, request))[0].granted);
    EXPECT_TRUE(bodies<VoteResponse>(step(raft, 3, 3, request))[0].granted);
}

// 5.2: "While waiting for votes, a candidate may receive an AppendEntries RPC from another server
// claiming to be leader. If the leader's term is at least as large as the candidate's current term,
// [it] returns to follower state."
TEST(Paper52, ACandidateYieldsToTheLeaderOfItsTerm) {
    Raft raft = server_one(3, {}, without_pre_vote());
    raft.campaign();
    settle(raft);
    step(raft, 2, 2, AppendRequest{{LogIndex(1), Term(1)}, LogIndex(1), {}});
    EXPECT_EQ(raft.role(), Role::follower);
    EXPECT_EQ(raft.leader(), MdsId(2));
}

// 5.3: "The leader appends the command to its log as a new entry, then issues AppendEntries RPCs in
// parallel to each of the other servers", with "the index and term of the entry in its log that
// immediately precedes the new entries".
TEST(Paper53, TheLeaderSendsWhatPrecedes) {
    Raft leader = leader_one(3);
    step(leader, 2, 2, AppendResponse{true, LogIndex(2), {}});
    ASSERT_TRUE(leader.propose(Buffer::copy_of(bytes_of("x"))));
    const auto sent = bodies<AppendRequest>(settle(leader));
    ASSERT_EQ(sent.size(), 1u);  // server 3 has not answered its probe
    EXPECT_EQ(sent[0].previous, (Position{LogIndex(2), Term(2)}));
    ASSERT_EQ(sent[0].entries.size(), 1u);
    EXPECT_EQ(text_of(sent[0].entries[0].payload.view()), "x");
}

// 5.3: "A log entry is committed once the leader that created the entry has replicated it on a
// majority of the servers."
TEST(Paper53, AMajorityCommits) {
    for (uint32_t servers = 1; servers <= 7; servers++) {
        Raft leader = leader_one(servers);
        settle(leader);
        uint32_t copies = 1;
        for (uint32_t follower = 2; leader.commit() < LogIndex(2); follower++) {
            step(leader, follower, 2, AppendResponse{true, LogIndex(2), {}});
            copies++;
        }
        EXPECT_EQ(copies, servers / 2 + 1);
    }
}

// 5.3: "If the follower does not find an entry in its log with the same index and term, then it
// refuses the new entries." Figure 7's followers against its leader, which ends them all with the
// leader's log.
TEST(Paper53, Figure7) {
    const std::vector<uint64_t> leader_terms = {1, 1, 4, 4, 5, 5, 6, 6, 6};
    const std::vector<std::vector<uint64_t>> followers = {
        {1, 1, 4, 4, 5, 5, 6, 6},          {1, 1, 4},          {1, 1, 4, 4, 5, 5, 6, 6, 6, 6},
        {1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}, {1, 1, 4, 4, 4, 4}, {1, 1, 2, 2, 2, 3, 3, 3, 3, 3},
    };
    for (const auto& terms : followers) {
        TestCluster cluster;
        const auto add = [&](uint32_t id, const std::vector<uint64_t>& log, uint64_t term) {
            Restored restored = first_server(voters(3));
            for (const uint64_t entry_term : log)
                restored.entries.push_back(
                    {Term(entry_term), LogIndex(2 + restored.entries.size()), EntryKind::data, {}});
            restored.hard_state.term = Term(term);
            Config config;
            config.id = MdsId(id);
            cluster.add(config, restored);
        };
        add(1, leader_terms, 7);
        add(2, terms, 7);
        add(3, {}, 7);
        cluster.campaign(MdsId(1));
        cluster.stabilize();
        if (!cluster.raft(MdsId(1)).is_leader()) {  // a pre-vote was answered with a newer log
            cluster.campaign(MdsId(1));
            cluster.stabilize();
        }
        ASSERT_TRUE(cluster.raft(MdsId(1)).is_leader());
        const Log& leader = cluster.raft(MdsId(1)).log();
        const Log& follower = cluster.raft(MdsId(2)).log();
        ASSERT_EQ(follower.last_index(), leader.last_index());
        for (LogIndex i(2); i <= leader.last_index(); i = i.next())
            EXPECT_EQ(follower.at(i), leader.at(i));
        EXPECT_EQ(cluster.violation(), "");
    }
}

// 5.4.1: "the voter denies its vote if its own log is more up-to-date than that of the candidate":
// the later last term, else the longer log.
TEST(Paper541, ANewerLogRefuses) {
    struct Case {
        std::vector<uint64_t> own;
        Position candidate;
        bool granted;
    };
    const std::vector<Case> cases = {
        {{2}, {LogIndex(2), Term(2)}, true},     {{2}, {LogIndex(3), Term(2)}, true},
        {{2, 2}, {LogIndex(2), Term(2)}, false}, {{2}, {LogIndex(2), Term(3)}, true},
        {{2, 2}, {LogIndex(2), Term(3)}, true},  {{3}, {LogIndex(9), Term(2)}, false},
    };
    for (const Case& c : cases) {
        for (const bool pre_vote : {false, true}) {
            Raft raft = server_one(3, c.own);
            const Output output = step(raft, 2, 9, VoteRequest{pre_vote, false, c.candidate});
            EXPECT_EQ(bodies<VoteResponse>(output)[0].granted, c.granted);
        }
    }
}

// 5.4.2: "Raft never commits log entries from previous terms by counting replicas."
TEST(Paper542, OldTermsAreCommittedIndirectly) {
    Raft leader = leader_one(3, {1, 2});
    settle(leader);
    const uint64_t term = leader.term().number;
    step(leader, 2, term, AppendResponse{true, LogIndex(3), {}});
    EXPECT_EQ(leader.commit(), LogIndex(1));
    step(leader, 2, term, AppendResponse{true, LogIndex(4), {}});
    EXPECT_EQ(leader.commit(), LogIndex(4));
}

// Figure 2, AppendEntries 3: only "if an existing entry conflicts with a new one" is it deleted: an
// old message cuts nothing off.
TEST(PaperFigure2, ALateAppendCutsNothingOff) {
    Raft raft = server_one(3, {2, 2, 2});
    step(raft, 2, 2,
         AppendRequest{
             {LogIndex(1), Term(1)}, LogIndex(1), {{Term(2), LogIndex(2), EntryKind::data, {}}}});
    EXPECT_EQ(raft.log().last_index(), LogIndex(4));
}

// Figure 2, AppendEntries 5: the commit index is bounded by "index of last new entry": what follows
// it here may differ.
TEST(PaperFigure2, CommitStopsAtWhatWasCompared) {
    Raft raft = server_one(3, {2, 2, 2});
    step(raft, 2, 3, AppendRequest{{LogIndex(2), Term(2)}, LogIndex(4), {}});
    EXPECT_EQ(raft.commit(), LogIndex(2));
}

// Figure 2, "persistent state: updated on stable storage before responding to RPCs".
TEST(PaperFigure2, NothingIsAnsweredBeforeItIsOnDisk) {
    Raft raft = server_one(3);
    ASSERT_TRUE(raft.step(
        {MdsId(2), MdsId(1), Term(2), VoteRequest{false, false, {LogIndex(1), Term(1)}}}));
    EXPECT_TRUE(raft.take_output().empty());
    Unpersisted vote = raft.take_unpersisted();
    EXPECT_EQ(vote.hard_state().vote, MdsId(2));
    ASSERT_TRUE(raft.step(
        {MdsId(2), MdsId(1), Term(2),
         AppendRequest{
             {LogIndex(1), Term(1)}, LogIndex(1), {{Term(2), LogIndex(2), EntryKind::noop, {}}}}}));
    EXPECT_TRUE(raft.take_output().empty());
    EXPECT_FALSE(raft.has_unpersisted());  // one batch at a time
    raft.persisted(std::move(vote).is_on_stable_media());
    EXPECT_EQ(bodies<VoteResponse>(raft.take_output()).size(), 1u);
    Unpersisted entries = raft.take_unpersisted();
    EXPECT_EQ(entries.entries().size(), 1u);
    EXPECT_TRUE(raft.take_output().empty());
    raft.persisted(std::move(entries).is_on_stable_media());
    EXPECT_TRUE(bodies<AppendResponse>(raft.take_output())[0].accepted);
}

// Thesis 10.2.1: the leader may "write to its disk in parallel with replicating to the followers",
// and "may even commit an entry before it has been written to its own disk, if a majority of
// followers have".
TEST(Thesis1021, TheLeadersDiskWorksInParallel) {
    Raft leader = leader_one(3);
    step(leader, 2, 2, AppendResponse{true, LogIndex(2), {}});
    step(leader, 3, 2, AppendResponse{true, LogIndex(2), {}});
    ASSERT_TRUE(leader.propose(Buffer::copy_of(bytes_of("x"))));
    EXPECT_EQ(bodies<AppendRequest>(leader.take_output()).size(), 2u);
    Unpersisted batch = leader.take_unpersisted();
    const auto acknowledge = [&](uint32_t from) {
        ASSERT_TRUE(
            leader.step({MdsId(from), MdsId(1), Term(2), AppendResponse{true, LogIndex(3), {}}}));
    };
    acknowledge(2);
    EXPECT_EQ(leader.commit(), LogIndex(2));  // its own copy does not count yet
    acknowledge(3);
    EXPECT_EQ(leader.commit(), LogIndex(3));
    EXPECT_TRUE(leader.take_output().committed.empty());
    leader.persisted(std::move(batch).is_on_stable_media());
    EXPECT_EQ(leader.take_output().committed.size(), 1u);
}

// Thesis 6.4: "If the leader has not yet marked an entry from its current term committed, it waits
// until it has done so", and it "needs to make sure it hasn't been superseded by a newer leader": a
// round of heartbeats after the request.
TEST(Thesis64, AReadNeedsARoundThatBeganAfterIt) {
    Raft leader = leader_one(3);
    EXPECT_EQ(leader.read_index(1).code(), Code::retry);
    step(leader, 2, 2, AppendResponse{true, LogIndex(2), {}});
    for (int i = 0; i < 2; i++)
        leader.tick();  // a heartbeat of before the request
    const Output before = settle(leader);
    ASSERT_EQ(bodies<HeartbeatRequest>(before).size(), 2u);
    ASSERT_TRUE(leader.read_index(1));
    const Output asked = settle(leader);
    const uint64_t round = bodies<HeartbeatRequest>(asked)[0].round;
    EXPECT_TRUE(step(leader, 2, 2, HeartbeatResponse{round - 1}).reads.empty());
    const Output answered = step(leader, 2, 2, HeartbeatResponse{round});
    EXPECT_EQ(answered.reads, (std::vector<ReadState>{{1, LogIndex(2)}}));
}

// Thesis 4.2.3: "if a server receives a RequestVote request within the minimum election timeout of
// hearing from a current leader, it does not update its term or grant its vote", except at the
// leader's own wish (leadership transfer).
TEST(Thesis423, WhoHearsALeaderIgnoresCandidates) {
    Raft raft = server_one(3);
    step(raft, 2, 2, HeartbeatRequest{LogIndex(1), 1});
    const Position newest{LogIndex(9), Term(9)};
    EXPECT_TRUE(step(raft, 3, 9, VoteRequest{false, false, newest}).messages.empty());
    EXPECT_EQ(raft.term(), Term(2));
    EXPECT_TRUE(
        bodies<VoteResponse>(step(raft, 3, 9, VoteRequest{false, true, newest}))[0].granted);
}

// Thesis 4.1: "a server always uses the latest configuration in its log, regardless of whether the
// entry is committed", and "if the entry is removed, it falls back".
TEST(Thesis41, MembershipIsInForceOnAppendAndFallsBack) {
    Raft raft = server_one(3);
    step(raft, 2, 2,
         AppendRequest{
             {LogIndex(1), Term(1)},
             LogIndex(1),
             {{Term(2), LogIndex(2), EntryKind::membership, encode_membership(voters(4))}}});
    EXPECT_EQ(raft.membership(), voters(4));
    step(raft, 3, 3,
         AppendRequest{
             {LogIndex(1), Term(1)}, LogIndex(1), {{Term(3), LogIndex(2), EntryKind::noop, {}}}});
    EXPECT_EQ(raft.membership(), voters(3));
}

// Thesis 3.10: the transferee is brought up to date, then told to campaign; if that takes longer
// than about an election timeout, the leader resumes.
TEST(Thesis310, TransferWaitsForTheLogAndThenForAnElectionTimeout) {
    Raft leader = leader_one(3);
    settle(leader);
    ASSERT_TRUE(leader.transfer_leadership(MdsId(2)));
    EXPECT_TRUE(bodies<TimeoutNow>(settle(leader)).empty());
    EXPECT_EQ(leader.propose({}).code(), Code::retry);
    const Output caught_up = step(leader, 2, 2, AppendResponse{true, LogIndex(2), {}});
    EXPECT_EQ(bodies<TimeoutNow>(caught_up).size(), 1u);
    for (int i = 0; i < 9; i++) {
        leader.tick();
        step(leader, 2, 2, HeartbeatResponse{0});
    }
    EXPECT_FALSE(leader.propose({}));
    leader.tick();
    EXPECT_TRUE(leader.propose({}));
}

}  // namespace
}  // namespace cairn::raft
