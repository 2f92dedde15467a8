// Every rule, broken: safety rules must be noticed by the invariants, in random runs or, where
// chance would take too long, in a story of golden/; what liveness rules are good for is shown side
// by side.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "raft/random_run.h"

namespace cairn::raft {
namespace {

const std::set<std::string> found_by_chance = {
    "persist_before_acknowledge", "persist_before_own_count",   "one_vote_per_term",
    "vote_only_for_newer_log",    "read_after_own_term_commit", "truncate_only_on_conflict"};
const std::set<std::string> liveness = {"pre_vote", "check_quorum", "ignore_votes_near_leader"};

Rules broken(std::string_view name) {
    Rules rules;
    for (const RuleName& rule : rule_list())
        if (rule.name == name)
            rules.*rule.rule = false;
    return rules;
}

class BrokenRule : public testing::TestWithParam<std::string> {};

TEST_P(BrokenRule, IsCaughtInRandomRuns) {
    constexpr uint64_t seeds_max = 300;
    for (uint64_t seed = 1; seed <= seeds_max; seed++) {
        const RunResult result = RandomRun(seed, broken(GetParam())).run_without_healing(2000);
        if (!result.violation.empty())
            return;
    }
    ADD_FAILURE() << "nobody noticed";
}

INSTANTIATE_TEST_SUITE_P(Rules, BrokenRule, testing::ValuesIn(found_by_chance),
                         [](const auto& rule) { return rule.param; });

// The stories are replayed by golden_test.cc; here we see to it that none is missing or harmless.
TEST(Rules, EveryRuleIsBrokenSomewhere) {
    for (const RuleName& rule : rule_list()) {
        const std::string name(rule.name);
        if (found_by_chance.contains(name))
            continue;
        const auto story =
            std::filesystem::path(__FILE__).parent_path() / "golden" / ("broken_" + name + ".txt");
        std::ifstream file(story);
        ASSERT_TRUE(file.good()) << story;
        std::ostringstream text;
        text << file.rdbuf();
        EXPECT_NE(text.str().find("> break " + name + "\n"), std::string::npos) << name;
        EXPECT_EQ(text.str().find("VIOLATION") != std::string::npos, !liveness.contains(name))
            << name;
    }
}

TestCluster led_cluster(const Rules& rules, size_t voters) {
    TestCluster cluster;
    Config config;
    config.rules = rules;
    cluster.add_first(voters, 0, config);
    cluster.campaign(MdsId(1));
    cluster.stabilize();
    EXPECT_TRUE(cluster.raft(MdsId(1)).is_leader());
    return cluster;
}

TEST(Rules, PreVoteKeepsTheTermOfAnIsolatedServer) {
    for (const bool kept : {true, false}) {
        TestCluster cluster = led_cluster(kept ? Rules{} : broken("pre_vote"), 3);
        for (int i = 0; i < 100; i++)
            cluster.tick(MdsId(3));
        EXPECT_EQ(cluster.raft(MdsId(3)).term() == Term(2), kept);
    }
}

TEST(Rules, CheckQuorumEndsALeaderThatHearsNobody) {
    for (const bool kept : {true, false}) {
        TestCluster cluster = led_cluster(kept ? Rules{} : broken("check_quorum"), 3);
        for (int i = 0; i < 10; i++)
            cluster.tick(MdsId(1));
        EXPECT_EQ(!cluster.raft(MdsId(1)).is_leader(), kept);
    }
}

TEST(Rules, VotesNearALeaderAreIgnored) {
    for (const bool kept : {true, false}) {
        TestCluster cluster = led_cluster(kept ? Rules{} : broken("ignore_votes_near_leader"), 3);
        cluster.campaign(MdsId(3));
        cluster.stabilize();
        EXPECT_EQ(cluster.raft(MdsId(1)).is_leader(), kept);
    }
}

}  // namespace
}  // namespace cairn::raft
