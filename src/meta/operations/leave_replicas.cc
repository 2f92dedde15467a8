#include <algorithm>

#include "meta/catalogue/chunk_rules.h"
#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::LeaveReplicas& operation) {
    std::vector<CsId> answering = operation.answering;
    std::ranges::sort(answering);
    logged::LeaveReplicasAnswer answer;
    for (const auto& replica : operation.replicas) {
        const Result<const Chunk*> chunk = change.find_chunk(replica.chunk, replica.version);
        Code code = chunk.code();
        if (chunk && (*chunk)->pieces.find(replica.cs) == nullptr)
            code = Code::not_found;
        if (code == Code::ok &&
            !leave(change, replica.chunk, LeavingPiece{replica.cs, operation.lost, &answering}))
            code = Code::blocked;
        answer.codes.push_back(static_cast<uint16_t>(code));
    }
    return Answer::of(answer);
}

}  // namespace cairn::meta
