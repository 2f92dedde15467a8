#include "meta/catalogue/chunk_state.h"

#include <numeric>

namespace cairn::meta {

namespace {

constexpr std::array<std::string_view, chunk_state_count> state_names = {
    "healthy", "standby",     "degraded",      "urgent",   "blocked", "pending",
    "offline", "replicating", "overcommitted", "deleting", "void"};

CsActivity activity_of(const CsActivities& activities, CsId cs) {
    const auto found = activities.find(cs);
    return found == activities.end() ? CsActivity::offline : found->second;
}

struct PieceCounts {
    uint32_t active = 0;    // in sync, on active servers
    uint32_t inactive = 0;  // in sync, on inactive ones
    uint32_t joining = 0;   // on active ones
};

PieceCounts count_pieces(const Chunk& chunk, const CsActivities& activities) {
    PieceCounts counts;
    for (const ChunkPiece& piece : chunk.pieces) {
        const CsActivity activity = activity_of(activities, piece.cs);
        if (activity == CsActivity::active)
            (piece.in_sync() ? counts.active : counts.joining)++;
        else if (activity == CsActivity::inactive && piece.in_sync())
            counts.inactive++;
    }
    return counts;
}

}  // namespace

std::string_view name_of(ChunkState state) {
    return state_names[static_cast<size_t>(state)];
}

ChunkState chunk_state(const Chunk& chunk, bool comparing, const ChunkNeeds& needs,
                       const CsActivities& activities) {
    const PieceCounts pieces = count_pieces(chunk, activities);
    if (pieces.active == 0)
        return ChunkState::offline;
    if (comparing)
        return ChunkState::replicating;
    if (pieces.active < needs.least)
        return pieces.joining == 0 ? ChunkState::blocked : ChunkState::pending;
    if (pieces.active + pieces.inactive < needs.norm)
        return chunk.marked ? ChunkState::urgent : ChunkState::degraded;
    if (pieces.inactive != 0)
        return ChunkState::standby;
    return pieces.active > needs.norm ? ChunkState::overcommitted : ChunkState::healthy;
}

ChunkState chunk_state(const Catalogue& catalogue, ChunkId chunk, const CsActivities& activities) {
    const Chunk* found = catalogue.chunk(chunk);
    CHECK_NOTE(found != nullptr, "the state of a chunk that does not exist");
    const StorageAttributes& storage = catalogue.node(found->file)->storage;
    return chunk_state(*found, catalogue.comparison(chunk) != nullptr,
                       ChunkNeeds{storage.replicas_norm, storage.replicas_min}, activities);
}

uint64_t ChunkCounts::total() const {
    return std::accumulate(of.begin(), of.end(), uint64_t{0});
}

ChunkId count_chunk_states(const Catalogue& catalogue, const CsActivities& activities, ChunkId from,
                           size_t limit, ChunkCounts& counts) {
    auto entry = catalogue.chunks().next(from.number);
    for (size_t done = 0; entry.value != nullptr && done < limit; done++) {
        counts[chunk_state(catalogue, ChunkId(entry.key), activities)]++;
        entry = catalogue.chunks().next(entry.key + 1);
    }
    return entry.value == nullptr ? ChunkId{} : ChunkId(entry.key);
}

}  // namespace cairn::meta
