// plan_recovery: which of the chunks that lack replicas get one next, and where. Pure: the same
// input gives the same plan.
//
// Chunks that nobody can write to come first, then those with the fewest replicas, then the oldest.
// Each server takes part in few copies at once, so that all disks work and none drowns.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "placement/choose.h"

namespace cairn::placement {

struct ShortChunk {
    ChunkId chunk;
    StorageAttributes attributes;  // norm, minimum, failure domain, tier
    std::vector<CsId> pieces;      // all that the set has
    std::vector<CsId> avoid;       // did not manage to take it
    uint32_t in_sync = 0;          // of them, on servers that answer: at least one
    // It has enough, but not where it should: `pieces` are those that stand well, and another is
    // wanted only in the right tier and domain.
    bool moves = false;
    // It stands well, but on a full server: after all others.
    bool balances = false;
};

struct RecoveryLimits {
    size_t at_once = 16;    // copies in the cluster
    size_t per_server = 2;  // copies onto one server
};

struct RecoveryStep {
    ChunkId chunk;
    CsId target;

    bool operator==(const RecoveryStep&) const = default;
};

struct RecoveryPlan {
    std::vector<RecoveryStep> steps;
    // Chunks that lack a replica and for which no server is left, now or with what is under way:
    // their domains are taken, or the disks are full.
    std::vector<ChunkId> nowhere;
};

// `running`: copies under way onto each server.
[[nodiscard]] RecoveryPlan plan_recovery(const ClusterMap& map, const Policy& policy,
                                         std::vector<ShortChunk> chunks,
                                         std::map<CsId, size_t> running,
                                         const RecoveryLimits& limits, uint64_t seed);

}  // namespace cairn::placement
