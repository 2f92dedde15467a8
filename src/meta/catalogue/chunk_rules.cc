#include "meta/catalogue/chunk_rules.h"

#include <algorithm>

#include "meta/catalogue/lease_rules.h"

namespace cairn::meta {

namespace {

void raise_version(Chunk& chunk) {
    chunk.version = chunk.version.next();
}

std::vector<CsId> joiners_of(const Chunk& chunk) {
    std::vector<CsId> joiners;
    for (const ChunkPiece& piece : chunk.pieces)
        if (!piece.in_sync())
            joiners.push_back(piece.cs);
    return joiners;
}

}  // namespace

bool may_leave(const Catalogue& catalogue, const Rules& rules, const Chunk& chunk,
               const LeavingPiece& leaving) {
    const ChunkPiece* leaves = chunk.pieces.find(leaving.cs);
    if (leaves == nullptr || !leaves->in_sync())
        return leaves != nullptr;
    uint32_t remaining = 0;
    uint32_t present = 0;
    uint32_t counting = 0;
    for (const ChunkPiece& piece : chunk.pieces) {
        if (!piece.in_sync() || piece.cs == leaving.cs)
            continue;
        remaining++;
        // What is lost itself is no reason to let another go: that may be back first.
        if (catalogue.server(piece.cs)->state == CsLoggedState::known)
            present++;
        if (!rules.minimum_counts_answering_unsuspect ||
            (!piece.suspect && std::ranges::binary_search(*leaving.answering, piece.cs)))
            counting++;
    }
    if (remaining == 0)
        return false;
    if (leaving.lost && rules.lost_leaves_at_minimum)
        return present > 0;
    const uint32_t least = catalogue.node(chunk.file)->storage.replicas_min;
    return counting >= least || !rules.keep_minimum;
}

void start_comparison(Change& change, ChunkId id) {
    Chunk& chunk = change.edit_chunk(id);
    if (change.rules.drop_joiners_on_comparison)
        for (const CsId cs : joiners_of(chunk))
            change.remove_piece(id, chunk, cs);
    Comparison& comparison = change.tables.comparisons[id];
    comparison.stand_ins.clear();
    const ChunkPiece* source = chunk.pieces.find(comparison.source);
    if (source == nullptr || !source->in_sync() || source->suspect)
        comparison.source = {};
    raise_version(chunk);
    if (change.rules.comparison_renews_since)
        for (ChunkPiece& piece : chunk.pieces)
            if (piece.in_sync())
                piece.since = chunk.version;
    change.effects.comparing.push_back(id);
}

bool leave(Change& change, ChunkId id, const LeavingPiece& leaving) {
    const Chunk* now = change.catalogue.chunk(id);
    const ChunkPiece* piece = now->pieces.find(leaving.cs);
    if (piece == nullptr)
        return false;
    if (!piece->in_sync()) {
        Chunk& chunk = change.edit_chunk(id);
        change.remove_piece(id, chunk, leaving.cs);
        raise_version(chunk);
        return true;
    }
    if (!may_leave(change.catalogue, change.rules, *now, leaving))
        return false;
    Chunk& chunk = change.edit_chunk(id);
    change.remove_piece(id, chunk, leaving.cs);
    const bool comparing = change.tables.comparisons.contains(id);
    if (!comparing)
        raise_version(chunk);
    if (comparing || chunk.all_suspect())
        start_comparison(change, id);
    return true;
}

void suspect(Change& change, ChunkId id, CsId cs) {
    Chunk& chunk = change.edit_chunk(id);
    chunk.pieces.find(cs)->suspect = true;
    change.effects.suspect.push_back({id, cs});
    start_comparison(change, id);
    if (!chunk.all_suspect() || !change.rules.end_lease_without_unsuspect_source)
        return;
    const FileId file = chunk.file;
    const FileLease* lease = change.catalogue.lease(file);
    if (lease == nullptr || lease->mode != LeaseMode::exclusive)
        return;
    const std::vector<ClientId> writers{lease->holders.front().client};
    end_leases(change, file, writers, logged::LeaseEnd::no_unsuspect_source);
}

void finish_comparison(Change& change, ChunkId id) {
    Chunk& chunk = change.edit_chunk(id);
    for (ChunkPiece& piece : chunk.pieces)
        piece.suspect = false;
    change.tables.comparisons.erase(id);
    change.effects.compared.push_back(id);
    const FileLease* lease = change.catalogue.lease(chunk.file);
    if (chunk.marked && (lease == nullptr || lease->mode != LeaseMode::exclusive))
        change.set_mark(id, false);
}

}  // namespace cairn::meta
