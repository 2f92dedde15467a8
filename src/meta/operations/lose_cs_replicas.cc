#include <algorithm>
#include <fmt/core.h>

#include "meta/catalogue/chunk_rules.h"
#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::LoseCsReplicas& operation) {
    const CsRecord* record = change.catalogue.server(operation.cs);
    if (record == nullptr)
        return Error(Code::not_found, fmt::format("CS#{} is not known", operation.cs.number));
    // It may have come back since this was proposed.
    if (record->state == CsLoggedState::known)
        return Error(Code::stale_map, fmt::format("CS#{} is not lost", operation.cs.number));
    std::vector<CsId> answering = operation.answering;
    std::ranges::sort(answering);
    const LeavingPiece leaving{operation.cs, true, &answering};
    logged::LoseCsReplicasAnswer answer;
    auto id = record->chunks.next(operation.from.number);
    for (uint32_t done = 0; id && done < operation.limit; done++) {
        if (leave(change, ChunkId(*id), leaving))
            answer.left++;
        else
            answer.kept++;
        id = record->chunks.next(*id + 1);
    }
    answer.next = id ? ChunkId(*id) : ChunkId{};
    return Answer::of(answer);
}

}  // namespace cairn::meta
