#include "runtime/sim/machine_clock.h"

#include "base/check.h"

namespace cairn::sim {

namespace {

constexpr int64_t million = 1'000'000;
// The wall clocks of a world start on 2025-01-01, whatever the day on which it is simulated.
constexpr int64_t first_day = 1'735'689'600LL * 1'000'000'000;

}  // namespace

void MachineClock::boot(SimTime now, Instant start) {
    wall_at_base_ = wall_at_base_ + passed(now);
    base_ = now;
    shown_at_base_ = start;
}

void MachineClock::set_rate(SimTime now, int32_t ppm) {
    CHECK_NOTE(ppm > -million / 2 && ppm < million / 2, "no clock is that wrong");
    boot(now, monotonic(now));
    rate_ppm_ = ppm;
}

Duration MachineClock::passed(SimTime now) const {
    const __int128 true_time = (now - base_).nanoseconds;
    return nanoseconds(static_cast<int64_t>(true_time * (million + rate_ppm_) / million));
}

Instant MachineClock::monotonic(SimTime now) const {
    return shown_at_base_ + passed(now);
}

WallTime MachineClock::wall(SimTime now) const {
    const Duration shown = wall_at_base_ + passed(now) + wall_offset_;
    return {first_day + shown.nanoseconds};
}

SimTime MachineClock::when(Instant instant) const {
    if (instant == Instant::never())
        return SimTime::never();
    const __int128 to_show = (instant - shown_at_base_).nanoseconds;
    if (to_show <= 0)
        return base_;
    const __int128 pace = million + rate_ppm_;
    const __int128 passed = (to_show * million + pace - 1) / pace;
    const __int128 at = passed + base_.nanoseconds;
    return at >= INT64_MAX / 2 ? SimTime::never() : SimTime{static_cast<int64_t>(at)};
}

}  // namespace cairn::sim
