// Every rule that protects safety, broken: the checkers must see it in one of a few hundred random runs. What the rules
// that protect liveness are good for is told by golden/*_broken.txt.
#include <gtest/gtest.h>

#include "raft/random_run.h"

namespace cairn::raft {
namespace {

class BrokenRule : public testing::TestWithParam<std::string> {};

TEST_P(BrokenRule, IsCaught) {
    Rules rules;
    for (const RuleName& rule : rule_list())
        if (rule.name == GetParam())
            rules.*rule.rule = false;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        const RunResult result = RandomRun(seed, rules).run(2000);
        if (!result.violation.empty()) {
            RecordProperty("caught_by_seed", static_cast<int>(seed));
            std::printf("seed %d: %s\n", static_cast<int>(seed), result.violation.c_str());
            return;
        }
    }
    ADD_FAILURE() << "nobody noticed";
}

INSTANTIATE_TEST_SUITE_P(Rules, BrokenRule,
                         testing::Values("commit_only_own_term", "persist_before_vote",
                                         "persist_before_acknowledge", "persist_before_own_count",
                                         "one_vote_per_term", "vote_only_for_newer_log",
                                         "read_index_confirmed", "read_after_own_term_commit",
                                         "truncate_only_on_conflict", "one_membership_change",
                                         "membership_after_own_term_commit"),
                         [](const auto& rule) { return rule.param; });

}  // namespace
}  // namespace cairn::raft
