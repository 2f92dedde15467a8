#include "base/checksum.h"

#define XXH_STATIC_LINKING_ONLY
#include <array>
#include <xxhash.h>

namespace cairn {

namespace {

uint64_t place_seed(ChunkId chunk, uint32_t block) {
    return IdHash{}(chunk) ^ (uint64_t{block} * 0x9E3779B97F4A7C15ULL);
}

}  // namespace

uint64_t checksum(ByteView bytes, uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

uint64_t block_checksum(ChunkId chunk, uint32_t block, ByteView content) {
    CHECK(content.size() == block_size);
    return XXH3_64bits_withSeed(content.data(), block_size, place_seed(chunk, block));
}

uint64_t zero_block_checksum(ChunkId chunk, uint32_t block) {
    static constexpr std::array<std::byte, block_size> zeros{};
    return block_checksum(chunk, block, zeros);
}

}  // namespace cairn
