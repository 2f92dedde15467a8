// What the digests of a chunk's replicas say of them. More than half of all alike are right, and
// the others are wrong; where no such majority is, nobody can say. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"

namespace cairn::meta {

struct ReplicaDigests {
    CsId cs;
    std::vector<uint64_t> digests;  // of the parts of the chunk, in order
};

struct DigestVerdict {
    bool equal = true;
    std::vector<CsId> wrong;  // ascending; empty though not equal: no majority
    // The first part in which not all are equal, if any is.
    uint32_t first_part = 0;
};

[[nodiscard]] DigestVerdict judge_digests(std::span<const ReplicaDigests> replicas);

}  // namespace cairn::meta
