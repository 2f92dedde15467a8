#include <fmt/core.h>

#include "meta/catalogue/chunk_rules.h"
#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::ComparisonDone& operation) {
    const Result<const Chunk*> found = change.find_chunk(operation.chunk, operation.version);
    if (!found)
        return found.error();
    const Comparison* running = change.catalogue.comparison(operation.chunk);
    if (running == nullptr || running->source.is_none())
        return Error(Code::not_found, fmt::format("chunk {} is not being compared with a source",
                                                  operation.chunk.number));
    finish_comparison(change, operation.chunk);
    return {};
}

}  // namespace cairn::meta
