#include "meta/master/digest_vote.h"

#include <algorithm>

namespace cairn::meta {

namespace {

size_t alike(std::span<const ReplicaDigests> replicas, const ReplicaDigests& one) {
    return static_cast<size_t>(std::ranges::count_if(
        replicas, [&one](const ReplicaDigests& other) { return other.digests == one.digests; }));
}

uint32_t first_difference(std::span<const ReplicaDigests> replicas) {
    size_t first = SIZE_MAX;
    for (const ReplicaDigests& replica : replicas) {
        const auto at = std::ranges::mismatch(replica.digests, replicas.front().digests).in1;
        if (at != replica.digests.end())
            first = std::min(first, static_cast<size_t>(at - replica.digests.begin()));
    }
    return first == SIZE_MAX ? 0 : static_cast<uint32_t>(first);
}

}  // namespace

DigestVerdict judge_digests(std::span<const ReplicaDigests> replicas) {
    DigestVerdict verdict;
    if (replicas.empty() || alike(replicas, replicas.front()) == replicas.size())
        return verdict;
    verdict.equal = false;
    verdict.first_part = first_difference(replicas);
    const auto right = std::ranges::find_if(replicas, [replicas](const ReplicaDigests& one) {
        return alike(replicas, one) * 2 > replicas.size();
    });
    if (right == replicas.end())
        return verdict;
    for (const ReplicaDigests& replica : replicas) {
        if (replica.digests != right->digests)
            verdict.wrong.push_back(replica.cs);
    }
    std::ranges::sort(verdict.wrong);
    return verdict;
}

}  // namespace cairn::meta
