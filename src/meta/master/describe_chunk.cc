#include "meta/master/describe_chunk.h"

#include <fmt/core.h>

namespace cairn::meta {

ChunkDescription describe_new_chunk(const Catalogue& catalogue, FileId file, uint64_t index,
                                    ChunkId chunk) {
    ChunkDescription description;
    description.chunk = chunk;
    description.file = file;
    description.path_hint = catalogue.path_of(file);
    description.index = index;
    description.version = Version(1);
    const Result<NodeAttributes> attributes = catalogue.attributes(file);
    if (attributes) {
        const StorageAttributes& storage = attributes->storage;
        description.chunk_size = storage.chunk_size;
        description.layout =
            fmt::format("replicas={}:{}", storage.replicas_norm, storage.replicas_min);
        description.attributes = encode(*attributes);
    }
    return description;
}

ChunkDescription describe_chunk(const Catalogue& catalogue, ChunkId id, Version version) {
    const Chunk* chunk = catalogue.chunk(id);
    ChunkDescription description = describe_new_chunk(catalogue, chunk->file, chunk->index, id);
    description.version = version;
    return description;
}

std::string path_of_replica(const Catalogue& catalogue, CsId cs, ChunkId chunk) {
    const CsRecord* record = catalogue.server(cs);
    return fmt::format("{}/chunks/{:02x}/{:016x}.chunk",
                       record == nullptr ? "" : record->repository, chunk.number & 0xff,
                       chunk.number);
}

}  // namespace cairn::meta
