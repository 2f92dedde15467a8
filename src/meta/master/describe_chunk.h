// What is said of a chunk: in its header, and in events.
#pragma once

#include <string>

#include "meta/catalogue/catalogue.h"
#include "wire/order_messages.h"

namespace cairn::meta {

// Of a chunk that exists, under `version`.
[[nodiscard]] ChunkDescription describe_chunk(const Catalogue& catalogue, ChunkId chunk,
                                              Version version);
// Of a chunk that is about to be made.
[[nodiscard]] ChunkDescription describe_new_chunk(const Catalogue& catalogue, FileId file,
                                                  uint64_t index, ChunkId chunk);

// Where a chunk server keeps its replica, for people.
[[nodiscard]] std::string path_of_replica(const Catalogue& catalogue, CsId cs, ChunkId chunk);

}  // namespace cairn::meta
