// RunningRequests: counts the requests that run on a chunk or a file, so that a seal can wait for
// those that began before it, and only for those: requests that begin after it run under what it
// sealed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "runtime/task.h"
#include "runtime/wait.h"

namespace cairn::chunk {

class RunningRequests {
  public:
    explicit RunningRequests(Loop& loop) : changed_(loop) {}

    // Held by a request while it runs.
    class Token {
      public:
        Token(RunningRequests& owner) : owner_(owner), generation_(owner.enter()) {}
        Token(const Token&) = delete;
        Token& operator=(const Token&) = delete;
        ~Token() { owner_.leave(generation_); }

      private:
        RunningRequests& owner_;
        uint64_t generation_;
    };

    // Waits until every request that runs now has ended.
    Task<void> drain() {
        const uint64_t before = ++generation_;
        while (std::any_of(counts_.begin(), counts_.end(),
                           [before](const Count& count) { return count.generation < before; }))
            co_await changed_.wait();
    }
    [[nodiscard]] bool idle() const { return counts_.empty() && !changed_.has_waiters(); }

  private:
    struct Count {
        uint64_t generation;
        uint32_t running;
    };
    uint64_t enter() {
        if (counts_.empty() || counts_.back().generation != generation_)
            counts_.push_back({generation_, 0});
        counts_.back().running++;
        return generation_;
    }
    void leave(uint64_t generation) {
        const auto at = std::find_if(
            counts_.begin(), counts_.end(),
            [generation](const Count& count) { return count.generation == generation; });
        if (--at->running > 0)
            return;
        counts_.erase(at);
        changed_.notify_all();
    }

    uint64_t generation_ = 0;
    std::vector<Count>
        counts_;  // one for each generation with something running: seldom more than two
    Condition changed_;
};

}  // namespace cairn::chunk
