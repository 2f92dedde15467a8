// RepairTurns: makes copies for repair wait until RepairPace lets them. One a chunk server, for
// what it gives and takes together.
#pragma once

#include "chunk/repair_pace.h"
#include "chunk/service_counters.h"
#include "runtime/runtime.h"

namespace cairn::chunk {

class RepairTurns {
  public:
    RepairTurns(Loop& loop, const ServiceCounters& counters) : loop_(loop), counters_(counters) {}

    void set_limit(uint64_t bytes_per_second) { pace_.set_limit(bytes_per_second); }
    Task<void> wait(uint64_t bytes) {
        const Instant now = loop_.now();
        const Instant turn = pace_.take(bytes, counters_.clients(), now);
        if (turn > now)
            co_await Sleep(loop_, turn - now);
    }

  private:
    Loop& loop_;
    const ServiceCounters& counters_;
    RepairPace pace_;
};

}  // namespace cairn::chunk
