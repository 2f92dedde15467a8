// Seeds that once found a fault, of the programs or of the checker itself. A seed's schedule moves
// when the code does, so each is the occasion that it was; the rule or the test named beside it
// guards the fault for good.
#include <gtest/gtest.h>

#include "sim/scenario.h"

namespace cairn::sim {
namespace {

struct KeptSeed {
    uint64_t seed;
    const char* found;
};

constexpr KeptSeed kept_seeds[] = {
    {2, "an opener was told 'ask again' for ever: the refusal was kept for repeats (SessionTest)"},
    {169, "a flush that began during a write took it for flushed (rule flush-late)"},
    {142, "the checker took what a power cut had lost for kept by a later flush (History)"},
    {290, "the checker forgot the second power cut of all replicas"},
    {200, "a revoked reader read a hole that its successor had filled (rule hole)"},
    {366, "a write below the minimum never heard that a join had completed (FanOut)"},
    {11411, "a chunk that was being made was deleted as an orphan"},
    {31288, "an admission that got lost was not given again"},
    {17532, "both superblocks of a journal were torn by two power cuts in turn (RingFile)"},
    {6122, "a metadata server was sent a snapshot for ever that it had already (RaftSnapshots)"},
    {1784, "a joiner that nobody joined stayed, as its chunk had gone on to another version"},
    {728, "links asked for while a deposed master closed its own were never closed"},
    {682, "a fence did not let go of a master that was handing over (a turn without end)"},
    {6667, "rm-mds was answered before the change of members was committed (MdsServer)"},
    {11855, "the same, and what was flushed was lost"},
    {7496, "clients believed a removed metadata server that was never told (MasterLink)"},
    {11548, "a start wanted room in the journal for a page that had been written and zeroed"},
    {8584, "a write failed as a joiner was full, and one of two replicas had it (rule full-write)"},
    {8926, "a write failed without a comparison of what others took (rule full-write)"},
    {8657, "a copy left out what a full joiner had refused from a client (rule failed-writes)"},
    {51, "the checker took a comparison that had begun for one that was done"},
};

class KeptSeeds : public testing::TestWithParam<KeptSeed> {};

TEST_P(KeptSeeds, Passes) {
    const Verdict verdict = run_scenario(GetParam().seed, {});
    EXPECT_TRUE(verdict.passed) << verdict.problem << "\nonce: " << GetParam().found;
}

INSTANTIATE_TEST_SUITE_P(All, KeptSeeds, testing::ValuesIn(kept_seeds),
                         [](const testing::TestParamInfo<KeptSeed>& info) {
                             return std::to_string(info.param.seed);
                         });

}  // namespace
}  // namespace cairn::sim
