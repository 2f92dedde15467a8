#include "placement/recovery_plan.h"

#include <algorithm>
#include <tuple>

namespace cairn::placement {

namespace {

// Where so many in a row wait for busy servers, so do most that follow.
constexpr size_t waiting_most = 64;

// Before any other: writes to it wait.
bool is_blocked(const ShortChunk& chunk) {
    return chunk.in_sync < chunk.attributes.replicas_min;
}

bool is_more_urgent(const ShortChunk& a, const ShortChunk& b) {
    return std::make_tuple(!is_blocked(a), a.moves, a.balances, a.in_sync, a.chunk) <
           std::make_tuple(!is_blocked(b), b.moves, b.balances, b.in_sync, b.chunk);
}

}  // namespace

RecoveryPlan plan_recovery(const ClusterMap& map, const Policy& policy,
                           std::vector<ShortChunk> chunks, std::map<CsId, size_t> running,
                           const RecoveryLimits& limits, uint64_t seed) {
    std::ranges::sort(chunks, is_more_urgent);
    size_t total = 0;
    std::vector<CsId> busy;
    for (const auto& [cs, copies] : running) {
        total += copies;
        if (copies >= limits.per_server)
            busy.push_back(cs);
    }
    RecoveryPlan plan;
    size_t waiting = 0;
    for (const ShortChunk& chunk : chunks) {
        if (total >= limits.at_once || waiting >= waiting_most)
            break;
        Wanted wanted;
        wanted.attributes = chunk.attributes;
        wanted.seed = IdHash{}(chunk.chunk) ^ seed;
        wanted.existing = chunk.pieces;
        wanted.exclude = busy;
        wanted.exclude.insert(wanted.exclude.end(), chunk.avoid.begin(), chunk.avoid.end());
        Policy strict = policy;
        strict.strict_tier |= chunk.moves;
        strict.strict_failure_domain |= chunk.moves;
        Chosen chosen = choose(map, wanted, strict);
        if (chosen.servers.empty() && !busy.empty()) {
            wanted.exclude = chunk.avoid;
            if (!choose(map, wanted, strict).servers.empty()) {
                waiting++;  // its server is only busy
                continue;
            }
        }
        if (chosen.servers.empty()) {
            if (!chunk.moves)
                plan.nowhere.push_back(chunk.chunk);
            continue;
        }
        const CsId target = chosen.servers.front();
        plan.steps.push_back({chunk.chunk, target});
        waiting = 0;
        total++;
        if (++running[target] >= limits.per_server)
            busy.push_back(target);
    }
    return plan;
}

}  // namespace cairn::placement
