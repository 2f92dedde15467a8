// Every order of events that a small cluster can meet, breadth first: any message next or never,
// campaigns, proposals and power cuts at any moment, within bounds. What random runs meet by luck
// is met here by patience.
#include <deque>
#include <gtest/gtest.h>
#include <unordered_set>

#include "base/checksum.h"
#include "raft/codec.h"
#include "raft/test_cluster.h"

namespace cairn::raft {
namespace {

struct Bounds {
    uint64_t term_max;
    size_t proposals_max;
    size_t power_cuts_max;
    size_t states_max;
};

struct Explored {
    size_t states = 0;
    bool complete = false;
    std::string violation;
};

class Explorer {
  public:
    explicit Explorer(const Bounds& bounds) : bounds_(bounds) {}

    Explored run(const TestCluster& start) {
        enqueue({start, 0, 0});
        while (!queue_.empty() && explored_.violation.empty()) {
            if (explored_.states >= bounds_.states_max)
                return explored_;
            explored_.states++;
            const State state = std::move(queue_.front());
            queue_.pop_front();
            expand(state);
        }
        explored_.complete = queue_.empty();
        return explored_;
    }

  private:
    struct State {
        TestCluster cluster;
        size_t proposals;
        size_t power_cuts;
    };

    void enqueue(State next) {
        // Messages that would meet a newer term change nothing but could be delivered at any time:
        // they are lost here.
        std::erase_if(next.cluster.network(), [&](const Message& message) {
            return message.term < next.cluster.raft(message.to).term();
        });
        next.cluster.watch_all_logs();
        if (explored_.violation.empty())
            explored_.violation = next.cluster.violation();
        Bytes fingerprint = next.cluster.fingerprint();
        ByteWriter(fingerprint).put(static_cast<uint64_t>(next.proposals << 8 | next.power_cuts));
        if (seen_.insert(checksum(fingerprint)).second)
            queue_.push_back(std::move(next));
    }

    void expand(const State& state) {
        std::unordered_set<std::string> delivered;
        TestCluster now = state.cluster;
        for (size_t i = 0; i < now.network().size(); i++) {
            if (!delivered.emplace(text_of(encode_message(now.network()[i]))).second)
                continue;
            State next = state;
            next.cluster.deliver(i);
            enqueue(std::move(next));
        }
        for (const MdsId id : now.ids()) {
            const Raft& raft = now.raft(id);
            if (!raft.is_leader() && raft.term().number < bounds_.term_max) {
                State next = state;
                next.cluster.campaign(id);
                enqueue(std::move(next));
            }
            if (raft.is_leader() && state.proposals < bounds_.proposals_max) {
                State next = state;
                const std::string text(1, static_cast<char>('a' + next.proposals++));
                ASSERT_TRUE(next.cluster.propose(id, text).has_value());
                enqueue(std::move(next));
            }
            if (state.power_cuts < bounds_.power_cuts_max) {
                State next = state;
                next.power_cuts++;
                next.cluster.restart(id);
                enqueue(std::move(next));
            }
        }
    }

    Bounds bounds_;
    Explored explored_;
    std::deque<State> queue_;
    std::unordered_set<uint64_t> seen_;
};

// No ticks here, so a server would hear its leader for ever; and no pre-vote, to go deeper within
// the same bound.
Config explored_config(Rules rules) {
    rules.ignore_votes_near_leader = false;
    rules.pre_vote = false;
    Config config;
    config.rules = rules;
    config.message_bytes_max = 1;
    return config;
}

TestCluster three_servers(const Rules& rules) {
    TestCluster cluster;
    cluster.add_first(3, 0, explored_config(rules));
    return cluster;
}

// Everything that two servers say to each other until `leader` leads; what goes to others is lost,
// and what went before.
void elect(TestCluster& cluster, MdsId leader, MdsId voter) {
    cluster.network().clear();
    cluster.campaign(leader);
    for (int i = 0; i < 10 && !cluster.raft(leader).is_leader(); i++) {
        std::erase_if(cluster.network(), [&](const Message& message) {
            return message.to != leader && message.to != voter;
        });
        cluster.deliver(0);
    }
    ASSERT_TRUE(cluster.raft(leader).is_leader());
}

void expect_safe(const TestCluster& start, const Bounds& bounds, bool to_the_end) {
    const Explored found = Explorer(bounds).run(start);
    EXPECT_EQ(found.violation, "");
    EXPECT_EQ(found.complete, to_the_end) << found.states << " states";
}

TEST(Explore, AllElectionsOfOneTermWithAPowerCut) {
    expect_safe(three_servers({}),
                {.term_max = 2, .proposals_max = 0, .power_cuts_max = 1, .states_max = 40'000},
                true);
}

TEST(Explore, TheBeginningOfTwoTermsWithProposals) {
    expect_safe(three_servers({}),
                {.term_max = 3, .proposals_max = 2, .power_cuts_max = 0, .states_max = 8'000},
                false);
}

// The paper's figure 8 with three servers, at the moment when the leader of term 4 may bring its
// old entry to another.
TestCluster figure_8(const Rules& rules) {
    TestCluster cluster = three_servers(rules);
    cluster.campaign(MdsId(1));
    cluster.stabilize();
    EXPECT_TRUE(cluster.propose(MdsId(1), "x").has_value());
    elect(cluster, MdsId(3), MdsId(2));
    cluster.restart(MdsId(1));
    cluster.campaign(MdsId(1));
    elect(cluster, MdsId(1), MdsId(2));
    EXPECT_EQ(cluster.raft(MdsId(1)).term(), Term(4));
    return cluster;
}

constexpr Bounds from_figure_8{
    .term_max = 5, .proposals_max = 0, .power_cuts_max = 0, .states_max = 8'000};

TEST(Explore, FromFigure8) {
    expect_safe(figure_8({}), from_figure_8, false);
}

TEST(Explore, FindsTheCommitOfAnOldTermByCounting) {
    Rules rules;
    rules.commit_only_own_term = false;
    const Explored found = Explorer(from_figure_8).run(figure_8(rules));
    EXPECT_TRUE(found.violation.starts_with("leader completeness")) << found.violation;
}

TEST(Explore, FindsTheSecondVoteOfATerm) {
    Rules rules;
    rules.one_vote_per_term = false;
    const Explored found =
        Explorer({.term_max = 2, .proposals_max = 0, .power_cuts_max = 0, .states_max = 5'000})
            .run(three_servers(rules));
    EXPECT_TRUE(found.violation.starts_with("election safety")) << found.violation;
}

// Four servers, one of which may have been removed by a leader that died: all that can follow.
TEST(Explore, FromAMembershipChangeUnderWay) {
    TestCluster cluster;
    cluster.add_first(4, 0, explored_config({}));
    cluster.campaign(MdsId(1));
    cluster.stabilize();
    Membership fewer = cluster.raft(MdsId(1)).membership();
    fewer.members.erase(fewer.members.begin());
    EXPECT_TRUE(cluster.change_members(MdsId(1), fewer).has_value());
    expect_safe(cluster,
                {.term_max = 3, .proposals_max = 0, .power_cuts_max = 1, .states_max = 5'000},
                false);
}

}  // namespace
}  // namespace cairn::raft
