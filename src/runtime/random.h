// Random: the only source of randomness. The real one is seeded by the kernel, and fill() is fit
// for keys and nonces; the simulator's follows from its seed.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace cairn {

class Random {
  public:
    virtual ~Random() = default;
    virtual uint64_t next() = 0;
    virtual void fill(MutableByteView into) = 0;

    // Even over [0, bound), by multiplication: no division, no float.
    uint64_t below(uint64_t bound) {
        return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
    }
};

// xoshiro256**: small, fast, the same everywhere. Not for keys.
class Xoshiro {
  public:
    explicit Xoshiro(uint64_t seed) {
        for (uint64_t& word : state_) {  // splitmix64 spreads the seed
            seed += 0x9E3779B97F4A7C15ULL;
            uint64_t x = seed;
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
            word = x ^ (x >> 31);
        }
    }
    uint64_t next() {
        const uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = rotate(state_[3], 45);
        return result;
    }
    uint64_t below(uint64_t bound) {
        return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
    }

  private:
    static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
    uint64_t state_[4];
};

}  // namespace cairn
