// WrittenBlocks: which blocks of a chunk clients wrote since its version was first heard of. A copy
// from another replica must not overwrite these: they are newer than anything it was read from. One
// bit a block, allocated in pages of 512 blocks, so that a chunk that nobody writes costs nothing.
#pragma once

#include <array>
#include <cstdint>
#include <map>

namespace cairn::chunk {

class WrittenBlocks {
  public:
    void set(uint32_t first_block, uint32_t count) {
        for (uint32_t block = first_block; block < first_block + count; block++)
            pages_[block / page_blocks][block % page_blocks / 64] |= 1ULL << (block % 64);
    }
    [[nodiscard]] bool test(uint32_t block) const {
        const auto page = pages_.find(block / page_blocks);
        return page != pages_.end() &&
               (page->second[block % page_blocks / 64] >> (block % 64) & 1) != 0;
    }
    void clear() { pages_.clear(); }

  private:
    static constexpr uint32_t page_blocks = 512;
    std::map<uint32_t, std::array<uint64_t, page_blocks / 64>> pages_;
};

}  // namespace cairn::chunk
