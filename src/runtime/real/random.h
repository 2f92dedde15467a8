// RealRandom: fill() is the kernel's generator, for keys and nonces; next() is xoshiro seeded by
// it, for jitter, choices and sampling.
#pragma once

#include "runtime/random.h"

namespace cairn::real {

class RealRandom final : public Random {
  public:
    RealRandom();
    uint64_t next() override { return generator_.next(); }
    void fill(MutableByteView into) override;

  private:
    Xoshiro generator_;
};

}  // namespace cairn::real
