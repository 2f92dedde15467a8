// What a chunk's header is to say of it.
#pragma once

#include "meta/catalogue/catalogue.h"
#include "wire/order_messages.h"

namespace cairn::meta {

// Of a chunk that exists, under `version`.
[[nodiscard]] ChunkDescription describe_chunk(const Catalogue& catalogue, ChunkId chunk,
                                              Version version);
// Of a chunk that is about to be made.
[[nodiscard]] ChunkDescription describe_new_chunk(const Catalogue& catalogue, FileId file,
                                                  uint64_t index, ChunkId chunk);

}  // namespace cairn::meta
