#include "runtime/real/clock.h"

#include <ctime>

#include "runtime/real/reactor.h"

namespace cairn::real {

Instant RealClock::now() {
    return monotonic_now();
}

WallTime RealClock::wall_now() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return {now.tv_sec * 1'000'000'000 + now.tv_nsec};
}

}  // namespace cairn::real
