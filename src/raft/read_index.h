// ReadQueue: reads that wait until the leader knows that it was still the leader after they came.
// It belongs to one leader's term. A read is bound to the first heartbeat round that begins after
// it, and is answered when a quorum has answered that round or a later one.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "raft/types.h"

namespace cairn::raft {

// Once the state machine has applied `index`, the read that was asked for under `context` is
// linear.
struct ReadState {
    uint64_t context = 0;
    LogIndex index;

    friend bool operator==(const ReadState&, const ReadState&) = default;
};

class ReadQueue {
  public:
    void add(uint64_t context, LogIndex commit) { waiting_.push_back({{context, commit}, 0}); }
    // Whether a read waits for a round to begin.
    [[nodiscard]] bool needs_round() const {
        return !waiting_.empty() && waiting_.back().round == 0;
    }
    // A round begins now: it serves every read that came before it. Rounds count from 1.
    void begin_round(uint64_t round);
    // A quorum answered `round`. Returns what it confirms, oldest first.
    [[nodiscard]] std::vector<ReadState> confirm(uint64_t round);
    // Leadership ended: the contexts of all reads that were never confirmed.
    [[nodiscard]] std::vector<uint64_t> refuse_all();
    [[nodiscard]] size_t size() const { return waiting_.size(); }

  private:
    struct Waiting {
        ReadState read;
        uint64_t round;  // 0: none began since it came
    };
    std::deque<Waiting> waiting_;
};

}  // namespace cairn::raft
