#include "chunk/pending_zeros.h"

namespace cairn::chunk {

void PendingZeros::put(ZeroRange range) {
    range.chunk->zero_ranges++;
    ranges_.push_back(std::move(range));
}

void PendingZeros::erase_chunk(const ChunkEntry& chunk) {
    std::erase_if(ranges_, [&](const ZeroRange& range) {
        if (range.chunk.get() != &chunk)
            return false;
        range.chunk->zero_ranges--;
        return true;
    });
}

const ZeroRange* PendingZeros::find(const ChunkEntry& chunk, uint32_t block) const {
    if (chunk.zero_ranges == 0)
        return nullptr;
    for (auto range = ranges_.rbegin(); range != ranges_.rend(); ++range) {
        if (range->chunk.get() == &chunk && range->covers(block))
            return &*range;
    }
    return nullptr;
}

std::vector<ZeroRange> PendingZeros::freeze() {
    for (ZeroRange& range : ranges_)
        range.frozen = true;
    return ranges_;
}

void PendingZeros::applied() {
    std::erase_if(ranges_, [](const ZeroRange& range) {
        if (range.frozen)
            range.chunk->zero_ranges--;
        return range.frozen;
    });
}

void PendingZeros::not_applied() {
    for (ZeroRange& range : ranges_)
        range.frozen = false;
}

bool PendingZeros::has_unfrozen() const {
    return !ranges_.empty() && !ranges_.back().frozen;
}

}  // namespace cairn::chunk
