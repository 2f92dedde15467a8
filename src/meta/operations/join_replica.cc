#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::JoinReplica& operation) {
    const Result<const Chunk*> found = change.find_chunk(operation.chunk, operation.version);
    if (!found)
        return found.error();
    const CsRecord* server = change.catalogue.server(operation.cs);
    if (server == nullptr || server->state == CsLoggedState::dropped)
        return Error(Code::not_found, fmt::format("CS#{} is not known", operation.cs.number));
    if (server->sync_epoch != operation.sync_epoch)
        return Error(Code::retry,
                     fmt::format("CS#{} started anew: its join is void", operation.cs.number));
    if ((*found)->pieces.find(operation.cs) != nullptr)
        return Error(Code::already_exists,
                     fmt::format("CS#{} holds a piece of chunk {} already", operation.cs.number,
                                 operation.chunk.number));
    if ((*found)->pieces.size() > replicas_most)
        return Error(Code::out_of_range, "a chunk has at most 16 pieces");
    if (change.rules.no_join_during_comparison &&
        change.tables.comparisons.contains(operation.chunk))
        return Error(Code::retry, fmt::format("chunk {} is being compared: it joins afterwards",
                                              operation.chunk.number));
    Chunk& chunk = change.edit_chunk(operation.chunk);
    chunk.version = chunk.version.next();
    change.add_piece(operation.chunk, chunk,
                     ChunkPiece{operation.cs, chunk.version, PieceState::joining, false});
    return Answer::of(logged::ChunkAnswer{change.catalogue.map_of(operation.chunk)});
}

}  // namespace cairn::meta
