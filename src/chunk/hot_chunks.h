// HotChunks: which chunks clients ask for most, of late. A fixed number of counters, of which the
// least gives way to a chunk that has none (the "space-saving" sketch): whatever takes more than
// its share of the requests is among them. Owned by a chunk server's counters; a request costs one
// look along the counters and allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "wire/cs_messages.h"

namespace cairn::chunk {

class HotChunks {
  public:
    void asked(ChunkId chunk) {
        total_ += one;
        Counter* least = counters_.data();
        for (Counter& counter : counters_) {
            if (counter.chunk == chunk) {
                counter.weight += one;
                return;
            }
            if (counter.weight < least->weight)
                least = &counter;
        }
        least->chunk = chunk;
        least->weight += one;
    }
    // A second has passed: what was asked for long ago counts less, a third of it after a quarter
    // of a minute.
    void fade();
    // The hottest few, the hottest first, with their shares of all requests.
    [[nodiscard]] std::vector<HotChunk> hottest() const;

  private:
    static constexpr uint64_t one = 256;  // room for fading
    struct Counter {
        ChunkId chunk;
        uint64_t weight = 0;
    };
    std::array<Counter, 16> counters_{};
    uint64_t total_ = 0;
};

}  // namespace cairn::chunk
