// RealClock: CLOCK_MONOTONIC, which goes on through time changes and stops while the machine is
// suspended, and CLOCK_REALTIME for people.
#pragma once

#include "runtime/runtime.h"

namespace cairn::real {

class RealClock final : public Clock {
  public:
    Instant now() override;
    WallTime wall_now() override;
};

}  // namespace cairn::real
