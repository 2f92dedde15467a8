#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::ReserveChunkIds& operation) {
    constexpr uint32_t count_most = 1'000'000;
    if (operation.count == 0 || operation.count > count_most)
        return Error(Code::invalid_argument,
                     fmt::format("from 1 to {} chunk ids are reserved at once", count_most));
    ChunkId& limit = change.tables.counters.chunk_limit;
    const logged::ReserveChunkIdsAnswer answer{limit, operation.count};
    limit = ChunkId(limit.number + operation.count);
    return Answer::of(answer);
}

}  // namespace cairn::meta
