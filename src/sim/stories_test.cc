// Every story comes out well with all rules kept, and is noticed by the checkers with its rule
// broken.
#include "sim/stories.h"

#include <gtest/gtest.h>

#include "sim/scenario.h"

namespace cairn::sim {
namespace {

constexpr uint64_t seeds_kept = 6;
constexpr uint64_t seeds_broken = 60;

class Stories : public testing::TestWithParam<const Story*> {};

std::vector<const Story*> all_stories() {
    std::vector<const Story*> all;
    for (const Story& story : stories())
        all.push_back(&story);
    return all;
}

TEST_P(Stories, ComesOutWellWithAllRulesKept) {
    uint64_t reached = 0;
    for (uint64_t seed = 1; seed <= seeds_kept; seed++) {
        ScenarioOptions options;
        options.story = GetParam();
        const Verdict verdict = run_scenario(seed, options);
        EXPECT_TRUE(verdict.passed) << "seed " << seed << ": " << verdict.problem;
        reached += verdict.reached ? 1 : 0;
    }
    EXPECT_GT(reached, 0U) << "the story does not come to its point";
}

TEST_P(Stories, IsNoticedWithItsRuleBroken) {
    const RuleInfo* rule = find_rule(GetParam()->rule);
    ASSERT_NE(rule, nullptr);
    for (uint64_t seed = 1; seed <= seeds_broken; seed++) {
        ScenarioOptions options;
        options.story = GetParam();
        rule->in(options.rules) = false;
        if (!run_scenario(seed, options).passed)
            return;
    }
    FAIL() << "nobody noticed in " << seeds_broken << " seeds";
}

INSTANTIATE_TEST_SUITE_P(All, Stories, testing::ValuesIn(all_stories()),
                         [](const testing::TestParamInfo<const Story*>& info) {
                             std::string name(info.param->rule);
                             std::erase(name, '-');
                             return name;
                         });

}  // namespace
}  // namespace cairn::sim
