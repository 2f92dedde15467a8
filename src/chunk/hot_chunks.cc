#include "chunk/hot_chunks.h"

#include <algorithm>
#include <tuple>

namespace cairn::chunk {

namespace {
constexpr size_t told = 4;
constexpr uint64_t fades_by = 16;  // one part in so many, a second
}  // namespace

void HotChunks::fade() {
    total_ -= total_ / fades_by;
    for (Counter& counter : counters_)
        counter.weight -= counter.weight / fades_by;
}

std::vector<HotChunk> HotChunks::hottest() const {
    std::array<Counter, 16> sorted = counters_;
    std::ranges::sort(sorted, [](const Counter& a, const Counter& b) {
        return std::tuple(b.weight, a.chunk) < std::tuple(a.weight, b.chunk);
    });
    std::vector<HotChunk> list;
    for (const Counter& counter : sorted) {
        if (counter.chunk.is_none() || counter.weight < one || list.size() == told)
            break;
        const uint64_t share = counter.weight * 1000 / std::max<uint64_t>(total_, 1);
        list.push_back({counter.chunk, static_cast<uint32_t>(std::min<uint64_t>(share, 1000))});
    }
    return list;
}

}  // namespace cairn::chunk
