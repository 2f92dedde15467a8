// Progress: what a leader knows about one other member's log, and how it may send to it now. The
// leader owns one for each member, in its term only. It never sends and never looks at the log
// itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "raft/types.h"

namespace cairn::raft {

// The appends that were sent and not answered, oldest first.
class Inflight {
  public:
    Inflight(uint32_t messages_max, size_t bytes_max)
        : messages_max_(messages_max), bytes_max_(bytes_max) {}

    [[nodiscard]] bool full() const {
        return sent_.size() >= messages_max_ || bytes_ >= bytes_max_;
    }
    void add(LogIndex last, size_t bytes);
    // Everything up to `index` was answered.
    void free_to(LogIndex index);
    void clear();
    [[nodiscard]] size_t messages() const { return sent_.size(); }
    [[nodiscard]] size_t bytes() const { return bytes_; }

  private:
    struct Sent {
        LogIndex last;
        size_t bytes;
    };
    std::deque<Sent> sent_;
    size_t bytes_ = 0;
    uint32_t messages_max_;
    size_t bytes_max_;
};

enum class Pace : uint8_t {
    // Where the logs part is unknown: one append, then wait for its answer or a heartbeat's.
    probe = 0,
    // The logs agree up to `match`: a window of appends is in flight.
    replicate = 1,
    // What it needs is compacted away: nothing is sent until the snapshot went across.
    snapshot = 2,
};

[[nodiscard]] std::string_view name_of(Pace pace);

struct Progress {
    Pace pace = Pace::probe;
    LogIndex match;        // known to equal ours up to here, on its disk
    LogIndex next;         // the first entry to send
    LogIndex sent_commit;  // the highest commit index it was sent and can use
    LogIndex snapshot;     // Pace::snapshot: what the one on its way has to reach at least
    bool waiting = false;  // Pace::probe: the one append is out
    bool nudge = false;    // send an append even if there is no news, to find out what was lost
    uint64_t acknowledged_round = 0;
    uint64_t heard_tick = 0;  // when its last message came
    Inflight inflight;

    Progress(LogIndex next_index, uint64_t tick, uint32_t messages_max, size_t bytes_max)
        : next(next_index), heard_tick(tick), inflight(messages_max, bytes_max) {}

    void to_probe(LogIndex next_index);
    void to_replicate();
    void to_snapshot(LogIndex least);
    // Its log equals ours up to `index`. `first` is the first entry that we still have.
    void accepted(LogIndex index, LogIndex first);
    // It refused an append behind `refused`, and ours agrees with it no later than at `agreed`.
    // Returns false for an answer that is out of date.
    bool refused(LogIndex refused, LogIndex agreed);
};

}  // namespace cairn::raft
