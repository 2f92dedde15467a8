#include <algorithm>
#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

using NewChunk = logged::AddChunks::NewChunk;

// Each server must not have started anew since the chunk was made there: an unknown chunk that it
// then showed was deleted as an orphan.
Result<void> check_places(const Change& change, const NewChunk& made, uint8_t least) {
    if (made.places.size() < least || made.places.size() > replicas_most)
        return Error(Code::invalid_argument,
                     fmt::format("chunk {} has {} places; the minimum is {}", made.chunk.number,
                                 made.places.size(), least));
    std::set<CsId> distinct;
    for (const logged::ChunkPlace& place : made.places) {
        const CsRecord* server = change.catalogue.server(place.cs);
        if (server == nullptr || server->sync_epoch != place.sync_epoch ||
            server->state == CsLoggedState::dropped)
            return Error(Code::retry, fmt::format("CS#{} started anew", place.cs.number));
        if (!distinct.insert(place.cs).second)
            return Error(Code::invalid_argument,
                         fmt::format("CS#{} is named twice", place.cs.number));
    }
    return {};
}

Result<void> check_new(const Change& change, const NewChunk& made, const Node& node) {
    if (made.chunk.is_none() || made.chunk >= change.tables.counters.chunk_limit ||
        change.catalogue.chunk(made.chunk) != nullptr)
        return Error(Code::invalid_argument,
                     fmt::format("chunk id {} was not reserved, or is in use", made.chunk.number));
    if (made.index > file_size_most / node.storage.chunk_size)
        return Error(Code::too_large, "a file is at most 4 EiB long");
    return check_places(change, made, node.storage.replicas_min);
}

void add(Change& change, FileId file, const NewChunk& made) {
    Chunk chunk;
    chunk.file = file;
    chunk.index = made.index;
    chunk.version = Version{1};
    chunk.marked = change.rules.mark_before_write;
    for (const logged::ChunkPlace& place : made.places)
        chunk.pieces.add(ChunkPiece{place.cs, chunk.version, PieceState::in_sync, false});
    change.add_chunk(made.chunk, std::move(chunk));
}

}  // namespace

Answer apply(Change& change, const logged::AddChunks& operation) {
    const Result<void> writer =
        change.check_writer(operation.file, operation.client, operation.instance, operation.epoch);
    if (!writer)
        return writer.error();
    const Node& node = *change.catalogue.node(operation.file);
    logged::AddChunksAnswer answer;
    for (const NewChunk& made : operation.chunks) {
        if (const ChunkId* there = node.chunks.find(made.index)) {
            answer.codes.push_back(static_cast<uint16_t>(Code::already_exists));
            answer.maps.push_back(change.catalogue.map_of(*there));
            continue;
        }
        const Result<void> valid = check_new(change, made, node);
        answer.codes.push_back(static_cast<uint16_t>(valid.code()));
        if (!valid)
            continue;
        add(change, operation.file, made);
        answer.maps.push_back(change.catalogue.map_of(made.chunk));
    }
    return Answer::of(answer);
}

}  // namespace cairn::meta
