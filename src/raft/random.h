// SplitMix: the core's only source of chance, for election jitter. Its whole state is one number
// that comes from the configuration, so that the same inputs give the same outputs in every run and
// on every machine.
#pragma once

#include <cstdint>

#include "base/check.h"

namespace cairn::raft {

class SplitMix {
  public:
    explicit SplitMix(uint64_t seed) : state_(seed) {}

    uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        uint64_t x = state_;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
        return x ^ (x >> 31);
    }
    // In [0, bound). The bias of the remainder is below 2^-50 for the small bounds used here.
    uint64_t below(uint64_t bound) {
        CHECK(bound > 0);
        return next() % bound;
    }
    [[nodiscard]] uint64_t state() const { return state_; }

  private:
    uint64_t state_;
};

}  // namespace cairn::raft
