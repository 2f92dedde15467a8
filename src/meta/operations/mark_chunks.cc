#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::MarkChunks& operation) {
    const Result<void> writer =
        change.check_writer(operation.file, operation.client, operation.instance, operation.epoch);
    if (!writer)
        return writer.error();
    for (const ChunkId id : operation.chunks) {
        const Chunk* chunk = change.catalogue.chunk(id);
        if (chunk != nullptr && chunk->file == operation.file && !chunk->marked &&
            change.rules.mark_before_write)
            change.set_mark(id, true);
    }
    return {};
}

}  // namespace cairn::meta
