// MachineClock: one simulated host's idea of time. Its monotonic clock runs too fast or too slow
// and starts anywhere at each boot; its wall clock is off besides. It never goes back while the
// host is up.
#pragma once

#include <cstdint>

#include "runtime/sim/event_queue.h"

namespace cairn::sim {

class MachineClock {
  public:
    // The monotonic clock shows `start` at `now`.
    void boot(SimTime now, Instant start);
    // `ppm` parts per million too fast, from now on.
    void set_rate(SimTime now, int32_t ppm);
    void set_wall_offset(Duration offset) { wall_offset_ = offset; }
    [[nodiscard]] int32_t rate_ppm() const { return rate_ppm_; }

    [[nodiscard]] Instant monotonic(SimTime now) const;
    [[nodiscard]] WallTime wall(SimTime now) const;
    // The first moment at which monotonic() shows `instant` or later.
    [[nodiscard]] SimTime when(Instant instant) const;

  private:
    SimTime base_;
    Instant shown_at_base_;
    Duration wall_at_base_;  // since the first day, without the offset
    int32_t rate_ppm_ = 0;
    Duration wall_offset_;

    [[nodiscard]] Duration passed(SimTime now) const;
};

}  // namespace cairn::sim
