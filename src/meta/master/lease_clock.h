// LeaseClock: when each lease runs out by the master's clock. Refreshes are not logged: a new
// master counts every lease in full from its election. The master counts from after it answered and
// 1 % longer than the client, whose clock may differ by that much. Pure.
#pragma once

#include <map>
#include <utility>

#include "base/ids.h"
#include "base/time.h"

namespace cairn::meta {

[[nodiscard]] constexpr Duration with_clock_drift(Duration timeout) {
    // One clock 1 % slow, the other 1 % fast.
    return timeout + timeout / 49;
}

class LeaseClock {
  public:
    explicit LeaseClock(Instant elected) : elected_(elected) {}

    void prolonged(FileId file, ClientId client, Instant answered) {
        last_[{file, client}] = answered;
    }
    void ended(FileId file, ClientId client) { last_.erase({file, client}); }
    [[nodiscard]] Instant runs_out(FileId file, ClientId client, Duration timeout) const {
        const auto at = last_.find({file, client});
        const Instant from = at == last_.end() ? elected_ : std::max(at->second, elected_);
        return from + with_clock_drift(timeout);
    }
    [[nodiscard]] Instant elected() const { return elected_; }

  private:
    Instant elected_;
    std::map<std::pair<FileId, ClientId>, Instant> last_;
};

}  // namespace cairn::meta
