// WrittenBlocks: which blocks of a chunk clients wrote, or are writing, since its version was first
// heard of. A copy from another replica must not overwrite these: they are newer than anything it
// was read from. One bit a block, allocated in pages of 512 blocks, so that a chunk that nobody
// writes costs nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <vector>

namespace cairn::chunk {

class WrittenBlocks {
  public:
    // A write of these blocks begins: they count as written until it ends.
    [[nodiscard]] uint64_t begin(uint32_t first_block, uint32_t count) {
        under_way_.push_back({++last_id_, first_block, count});
        return last_id_;
    }
    // One that failed wrote nothing. Of one from before a clear() nothing is known any more.
    void end(uint64_t id, bool succeeded) {
        const auto at = std::ranges::find(under_way_, id, &Write::id);
        if (at == under_way_.end())
            return;
        if (succeeded)
            set(at->first_block, at->count);
        *at = under_way_.back();
        under_way_.pop_back();
    }
    [[nodiscard]] bool test(uint32_t block) const {
        const auto page = pages_.find(block / page_blocks);
        if (page != pages_.end() &&
            (page->second[block % page_blocks / 64] >> (block % 64) & 1) != 0)
            return true;
        return std::ranges::any_of(under_way_, [block](const Write& write) {
            return block >= write.first_block && block - write.first_block < write.count;
        });
    }
    void clear() {
        pages_.clear();
        under_way_.clear();
    }

  private:
    struct Write {
        uint64_t id;
        uint32_t first_block;
        uint32_t count;
    };
    void set(uint32_t first_block, uint32_t count) {
        for (uint32_t block = first_block; block < first_block + count; block++)
            pages_[block / page_blocks][block % page_blocks / 64] |= 1ULL << (block % 64);
    }

    static constexpr uint32_t page_blocks = 512;
    std::map<uint32_t, std::array<uint64_t, page_blocks / 64>> pages_;
    std::vector<Write> under_way_;  // seldom more than a few
    uint64_t last_id_ = 0;
};

}  // namespace cairn::chunk
