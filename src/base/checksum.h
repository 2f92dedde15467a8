// Checksums. A block's checksum is XXH3-64 seeded with its place, so that a block written to the
// wrong chunk or offset does not verify; it is computed once, in the client, and is the same value
// on disk and back.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/size.h"

namespace cairn {

// Of any bytes: frames, records, snapshots.
[[nodiscard]] uint64_t checksum(ByteView bytes, uint64_t seed = 0);

// Of one 4 KiB block at index `block` of `chunk`.
[[nodiscard]] uint64_t block_checksum(ChunkId chunk, uint32_t block, ByteView content);

// What block_checksum gives for a block of zeros: a hole needs no table entry and no disk I/O to be
// verified.
[[nodiscard]] uint64_t zero_block_checksum(ChunkId chunk, uint32_t block);

}  // namespace cairn
