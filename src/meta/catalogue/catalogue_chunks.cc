// The catalogue's queries about chunks.
#include <fmt/core.h>

#include "meta/catalogue/catalogue.h"

namespace cairn::meta {

const Chunk* Catalogue::chunk(ChunkId chunk) const {
    return tables_.chunks.find(chunk.number);
}

const Comparison* Catalogue::comparison(ChunkId chunk) const {
    const auto found = tables_.comparisons.find(chunk);
    return found == tables_.comparisons.end() ? nullptr : &found->second;
}

ChunkMap Catalogue::map_of(ChunkId chunk) const {
    const Chunk* found = this->chunk(chunk);
    CHECK_NOTE(found != nullptr, "the map of a chunk that does not exist");
    ChunkMap map;
    map.index = found->index;
    map.chunk = chunk;
    map.version = found->version;
    map.equal = comparison(chunk) == nullptr;
    map.marked = found->marked;
    map.gone = true;
    for (const ChunkPiece& piece : found->pieces) {
        map.pieces.push_back(Piece{piece.cs, piece.state, piece.since, 0});
        if (piece.in_sync() && server(piece.cs)->state != CsLoggedState::dropped)
            map.gone = false;
    }
    return map;
}

uint32_t Catalogue::staying(const Chunk& chunk) const {
    uint32_t count = 0;
    for (const ChunkPiece& piece : chunk.pieces)
        count += server(piece.cs)->stays() ? 1 : 0;
    return count;
}

Result<ChunkMapReply> Catalogue::chunk_maps(FileId file, uint64_t first_index,
                                            uint32_t count) const {
    if (count > max_maps_per_request || first_index > UINT64_MAX - count)
        return Error(Code::invalid_argument,
                     fmt::format("at most {} chunk maps are given at once", max_maps_per_request));
    std::vector<uint64_t> indices;
    indices.reserve(count);
    for (uint32_t i = 0; i < count; i++)
        indices.push_back(first_index + i);
    return chunk_maps(file, indices);
}

Result<ChunkMapReply> Catalogue::chunk_maps(FileId file,
                                            const std::vector<uint64_t>& indices) const {
    const Node* found = node(file);
    if (found == nullptr)
        return Error(Code::not_found, fmt::format("file {} does not exist", file.number));
    if (!found->is_file())
        return Error(Code::invalid_argument, path_of(file) + " is not a file");
    ChunkMapReply reply;
    reply.epoch = found->epoch;
    reply.replicas_min = found->storage.replicas_min;
    std::set<CsId> named;
    reply.chunks.reserve(indices.size());
    for (const uint64_t index : indices) {
        const ChunkId* id = found->chunks.find(index);
        if (id == nullptr) {
            reply.chunks.emplace_back().index = index;
            continue;
        }
        const ChunkMap& map = reply.chunks.emplace_back(map_of(*id));
        for (const Piece& piece : map.pieces)
            named.insert(piece.cs);
    }
    for (const CsId cs : named) {
        const CsRecord* record = server(cs);
        reply.servers.push_back(CsLocation{cs, record->host, record->address});
    }
    return reply;
}

}  // namespace cairn::meta
