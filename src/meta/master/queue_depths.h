// QueueDepths: how long the queues of the chunk servers were in the last minute, from what their
// heartbeats said, and which chunks they are asked for most. The master's memory; pure.
#pragma once

#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "placement/hot_plan.h"
#include "wire/cs_messages.h"

namespace cairn::meta {

class QueueDepths {
  public:
    void heard(CsId cs, Instant now, uint32_t depth_tenths, std::vector<HotChunk> hottest);
    void forget(CsId cs) { servers_.erase(cs); }
    // Averages of the servers that were heard of in the last minute.
    [[nodiscard]] std::vector<placement::ServerLoad> loads(Instant now) const;
    [[nodiscard]] std::vector<HotChunk> hottest(CsId cs) const;
    // Over all of them.
    [[nodiscard]] uint32_t average_tenths(Instant now) const;
    [[nodiscard]] uint32_t maximum_tenths(Instant now) const;

  private:
    struct Heard {
        std::deque<std::pair<Instant, uint32_t>> depths;
        std::vector<HotChunk> hottest;
    };
    std::map<CsId, Heard> servers_;
};

}  // namespace cairn::meta
