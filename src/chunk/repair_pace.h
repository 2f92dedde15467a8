// RepairPace: how fast this chunk server copies for repair, as source and as target. It uses what
// clients leave: the rate grows while they are idle or served as quickly as without repair, and
// falls when they wait longer. Every few seconds it holds still for a moment, to learn how quickly
// they are served without it. Decides only; RepairTurns sleeps for it.
//
// It also says how much may be moved at once: a disk that is busy with a MiB keeps whoever wants a
// block waiting for a millisecond, however seldom that is (docs/design/recovery.md).
#pragma once

#include <cstdint>

#include "base/size.h"
#include "base/time.h"

namespace cairn::chunk {

// Of clients' requests since the start.
struct ClientLoad {
    uint64_t requests = 0;
    uint64_t latency_sum_us = 0;
};

class RepairPace {
  public:
    // Bytes a second that repair never falls below, so that it ends, and begins with.
    static constexpr uint64_t least_rate = 4 * mib;
    static constexpr uint64_t first_rate = 64 * mib;
    static constexpr uint64_t most_rate = 8 * gib;
    static constexpr uint64_t least_at_once = 128 * kib;
    static constexpr uint64_t most_at_once = 1 * mib;

    // 0: no limit but what clients need. Whether that is another one; nobody waits for the old.
    bool set_limit(uint64_t bytes_per_second, Instant now);
    // Bytes for one request, to a disk or to another server.
    [[nodiscard]] uint64_t at_once() const { return clients_idle_ ? most_at_once : least_at_once; }
    // When bytes may be moved next.
    [[nodiscard]] Instant turn(const ClientLoad& clients, Instant now);
    // So many are moved, now that their turn has come.
    void take(uint64_t bytes, Instant now);
    [[nodiscard]] uint64_t rate() const;

  private:
    void adjust(const ClientLoad& clients, Instant now);
    void judge(uint64_t requests, uint64_t latency_us);

    uint64_t limit_ = 0;
    uint64_t rate_ = first_rate;
    Instant next_;           // what was given out lasts until then
    Instant judged_;         // end of the last window
    Instant quiet_known_;    // when quiet_us_ was last learnt
    uint64_t quiet_us_ = 0;  // mean latency of clients without repair; 0: not known
    bool listening_ = false;
    bool clients_idle_ = false;
    ClientLoad before_;
};

}  // namespace cairn::chunk
