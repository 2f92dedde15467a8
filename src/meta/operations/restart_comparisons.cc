#include "meta/catalogue/chunk_rules.h"
#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::RestartComparisons& operation) {
    logged::RestartComparisonsAnswer answer;
    for (const auto& [id, version] : operation.chunks) {
        const Result<const Chunk*> chunk = change.find_chunk(id, version);
        if (!chunk)
            continue;
        start_comparison(change, id);
        answer.restarted++;
    }
    return Answer::of(answer);
}

}  // namespace cairn::meta
