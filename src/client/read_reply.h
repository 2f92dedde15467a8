// What a chunk server answers to a read, put in place: zeros did not travel, everything else is
// verified against the checksum that its writer computed. Pure.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/chunk_messages.h"

namespace cairn::client {

// `into` is whole blocks, from `first_block` of the chunk on. corrupt: the answer does not fit the
// request, or a block its checksum; `into` holds nothing to rely on then.
[[nodiscard]] Result<void> place_blocks(ChunkId chunk, uint32_t first_block,
                                        const ReadBlocksReply& reply, ByteView payload,
                                        MutableByteView into);

}  // namespace cairn::client
