// RepairTurns: makes copies for repair wait until RepairPace lets them. One a chunk server, for
// what it gives and takes together. First come, first served; who gives up has used nothing up, and
// a limit that changes counts at once.
#pragma once

#include <set>

#include "chunk/repair_pace.h"
#include "chunk/service_counters.h"
#include "runtime/runtime.h"
#include "runtime/wait.h"

namespace cairn::chunk {

class RepairTurns {
  public:
    RepairTurns(Loop& loop, const ServiceCounters& counters)
        : loop_(loop), counters_(counters), changed_(loop) {}

    // Bytes a second; 0: no limit but what clients need.
    void set_limit(uint64_t bytes_per_second);
    // Bytes that one request should move.
    [[nodiscard]] uint64_t at_once() const { return pace_.at_once(); }
    // Whether its turn came until the deadline.
    Task<bool> wait(uint64_t bytes, Instant deadline);

  private:
    Loop& loop_;
    const ServiceCounters& counters_;
    RepairPace pace_;
    Condition changed_;
    std::set<uint64_t> queue_;  // tickets
    uint64_t next_ticket_ = 0;
};

}  // namespace cairn::chunk
