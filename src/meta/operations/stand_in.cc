#include <algorithm>
#include <fmt/core.h>

#include "base/size.h"
#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::StandIn& operation) {
    const Result<const Chunk*> found = change.find_chunk(operation.chunk, operation.version);
    if (!found)
        return found.error();
    const auto running = change.tables.comparisons.find(operation.chunk);
    if (running == change.tables.comparisons.end() || running->second.source.is_none())
        return Error(Code::not_found, fmt::format("chunk {} is not being compared with a source",
                                                  operation.chunk.number));
    const ChunkPiece* piece = (*found)->pieces.find(operation.cs);
    if (piece == nullptr || !piece->in_sync() || running->second.source == operation.cs)
        return Error(Code::invalid_argument,
                     fmt::format("CS#{} cannot stand in for the source", operation.cs.number));
    const uint64_t chunk_size = change.catalogue.node((*found)->file)->storage.chunk_size;
    for (const uint32_t block : operation.blocks)
        if (block >= chunk_size / block_size)
            return Error(Code::out_of_range,
                         fmt::format("chunk {} has no block {}", operation.chunk.number, block));
    // The first that was logged for a block stays: some may have copied from it.
    auto& stand_ins = running->second.stand_ins;
    for (const uint32_t block : operation.blocks) {
        const auto at =
            std::ranges::lower_bound(stand_ins, block, {}, &std::pair<uint32_t, CsId>::first);
        if (at == stand_ins.end() || at->first != block)
            stand_ins.insert(at, {block, operation.cs});
    }
    return {};
}

}  // namespace cairn::meta
