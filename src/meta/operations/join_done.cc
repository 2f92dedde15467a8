#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::JoinDone& operation) {
    const Chunk* found = change.catalogue.chunk(operation.chunk);
    if (found == nullptr)
        return Error(Code::not_found,
                     fmt::format("chunk {} does not exist", operation.chunk.number));
    const ChunkPiece* piece = found->pieces.find(operation.cs);
    // The join that is done must be the one that stands: it may have left and begun again.
    if (piece == nullptr || piece->in_sync() || piece->since != operation.version)
        return Error(Code::stale_map, fmt::format("CS#{} does not join chunk {} under version {}",
                                                  operation.cs.number, operation.chunk.number,
                                                  operation.version.number));
    Chunk& chunk = change.edit_chunk(operation.chunk);
    change.complete_piece(operation.chunk, chunk, operation.cs);
    return {};
}

}  // namespace cairn::meta
