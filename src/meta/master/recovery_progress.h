// RecoveryProgress: how long recovery will take, from how many replicas were made lately. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include "base/time.h"

namespace cairn::meta {

class RecoveryProgress {
  public:
    void copied(Instant now);
    // Until so many more are made, at the pace of the last minute; 0 where that is not known.
    [[nodiscard]] Duration left(uint64_t replicas, Instant now) const;

  private:
    // The second that each count began in.
    std::deque<std::pair<Instant, uint64_t>> seconds_;
};

}  // namespace cairn::meta
