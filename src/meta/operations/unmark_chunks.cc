#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::UnmarkChunks& operation) {
    const Result<void> writer =
        change.check_writer(operation.file, operation.client, operation.instance, operation.epoch);
    if (!writer)
        return writer.error();
    logged::UnmarkChunksAnswer answer;
    for (const auto& [id, version] : operation.chunks) {
        const Chunk* chunk = change.catalogue.chunk(id);
        // Another set by now: its replicas did not all answer that flush.
        if (chunk == nullptr || chunk->file != operation.file || !chunk->marked ||
            chunk->version != version || change.tables.comparisons.contains(id))
            continue;
        change.set_mark(id, false);
        answer.unmarked++;
    }
    return Answer::of(answer);
}

}  // namespace cairn::meta
