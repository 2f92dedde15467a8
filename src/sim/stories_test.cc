// Every story comes out well with all rules kept, and is noticed by the checkers with its rule
// broken, if it is a rule's.
#include "sim/stories.h"

#include <gtest/gtest.h>

#include "sim/scenario.h"

namespace cairn::sim {
namespace {

constexpr uint64_t seeds_kept = 6;
constexpr uint64_t seeds_broken = 60;

class Stories : public testing::TestWithParam<const Story*> {};

class StoriesOfRules : public Stories {};

std::vector<const Story*> all_stories(bool of_rules) {
    std::vector<const Story*> all;
    for (const Story& story : stories()) {
        if (!of_rules || find_rule(story.name) != nullptr)
            all.push_back(&story);
    }
    return all;
}

std::string name_of(const testing::TestParamInfo<const Story*>& info) {
    std::string name(info.param->name);
    std::erase(name, '-');
    return name;
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

TEST_P(StoriesOfRules, IsNoticedWithItsRuleBroken) {
    const RuleInfo* rule = find_rule(GetParam()->name);
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

INSTANTIATE_TEST_SUITE_P(All, Stories, testing::ValuesIn(all_stories(false)), name_of);
INSTANTIATE_TEST_SUITE_P(All, StoriesOfRules, testing::ValuesIn(all_stories(true)), name_of);

}  // namespace
}  // namespace cairn::sim
