#include "meta/master/digest_vote.h"

#include <gtest/gtest.h>

namespace cairn::meta {
namespace {

ReplicaDigests replica(uint64_t cs, std::vector<uint64_t> digests) {
    return {CsId(cs), std::move(digests)};
}

TEST(DigestVote, EqualReplicasAreRight) {
    EXPECT_TRUE(judge_digests({}).equal);
    const std::vector<ReplicaDigests> alone{replica(1025, {1, 2})};
    EXPECT_TRUE(judge_digests(alone).equal);
    const std::vector<ReplicaDigests> three{replica(1025, {1, 2}), replica(1026, {1, 2}),
                                            replica(1027, {1, 2})};
    EXPECT_TRUE(judge_digests(three).equal);
    EXPECT_TRUE(judge_digests(three).wrong.empty());
}

TEST(DigestVote, AMajorityTellsWhoIsWrong) {
    const std::vector<ReplicaDigests> three{replica(1027, {1, 9, 3}), replica(1026, {1, 2, 3}),
                                            replica(1025, {1, 2, 3})};
    const DigestVerdict verdict = judge_digests(three);
    EXPECT_FALSE(verdict.equal);
    EXPECT_EQ(verdict.wrong, std::vector{CsId(1027)});
    EXPECT_EQ(verdict.first_part, 1u);
    const std::vector<ReplicaDigests> five{replica(1029, {8, 2}), replica(1026, {1, 2}),
                                           replica(1025, {1, 7}), replica(1027, {1, 2}),
                                           replica(1028, {1, 2})};
    EXPECT_EQ(judge_digests(five).wrong, (std::vector{CsId(1025), CsId(1029)}));
    EXPECT_EQ(judge_digests(five).first_part, 0u);
}

TEST(DigestVote, WithoutAMajorityNobodyIsWrong) {
    const std::vector<std::vector<ReplicaDigests>> cases{
        {replica(1025, {1}), replica(1026, {2})},
        {replica(1025, {1}), replica(1026, {2}), replica(1027, {3})},
        {replica(1025, {1}), replica(1026, {2}), replica(1027, {1}), replica(1028, {2})},
        // In each part two are alike, but no two in all of them.
        {replica(1025, {9, 2, 3}), replica(1026, {1, 9, 3}), replica(1027, {1, 2, 9})},
        {replica(1025, {1}), replica(1026, {1, 2})},
    };
    for (const auto& replicas : cases) {
        EXPECT_FALSE(judge_digests(replicas).equal);
        EXPECT_TRUE(judge_digests(replicas).wrong.empty());
    }
}

}  // namespace
}  // namespace cairn::meta
