#include <algorithm>
#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

Result<void> check_source(const Change& change, const Chunk& chunk, CsId source) {
    const ChunkPiece* piece = chunk.pieces.find(source);
    if (piece == nullptr || !piece->in_sync())
        return Error(Code::not_found,
                     fmt::format("CS#{} is not in sync in this set", source.number));
    if (!piece->suspect)
        return {};
    if (!chunk.all_suspect() && change.rules.prefer_unsuspect_source)
        return Error(Code::invalid_argument,
                     fmt::format("CS#{} is suspect, and others are not", source.number));
    const FileLease* lease = change.catalogue.lease(chunk.file);
    if (change.rules.end_lease_without_unsuspect_source && lease != nullptr &&
        lease->mode == LeaseMode::exclusive)
        return Error(Code::busy,
                     fmt::format("CS#{} is suspect: the writer's lease ends first", source.number));
    return {};
}

}  // namespace

Answer apply(Change& change, const logged::ChooseSource& operation) {
    const Result<const Chunk*> found = change.find_chunk(operation.chunk, operation.version);
    if (!found)
        return found.error();
    const auto comparison = change.tables.comparisons.find(operation.chunk);
    if (comparison == change.tables.comparisons.end())
        return Error(Code::not_found,
                     fmt::format("chunk {} is not being compared", operation.chunk.number));
    CsId& source = comparison->second.source;
    if (!source.is_none() && source != operation.cs)
        return Error(Code::already_exists,
                     fmt::format("CS#{} is the source already", source.number));
    if (const Result<void> valid = check_source(change, **found, operation.cs); !valid)
        return valid.error();
    source = operation.cs;
    return Answer::of(logged::ChunkAnswer{change.catalogue.map_of(operation.chunk)});
}

}  // namespace cairn::meta
