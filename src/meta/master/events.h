// Events: what the cluster says of itself in the log: who became master, which chunk servers are
// active, how the cluster is. A status is announced when it changes, and by each new master once it
// knows enough to say it.
#pragma once

#include <set>

#include "base/ids.h"
#include "meta/catalogue/event_texts.h"
#include "runtime/runtime.h"

namespace cairn::meta {

class Master;

enum class ClusterStatus : uint8_t { unknown, healthy, degraded, failure };

class Events {
  public:
    explicit Events(Master& master) : master_(master) {}

    // Logged soon, in order.
    void note(logged::AddEvent event);
    void server_active(CsId cs);
    // Announces this master, then every change of the cluster's status.
    Task<void> announce();

    // Unknown until every server has reported, or has had the time to.
    [[nodiscard]] ClusterStatus status() const;
    [[nodiscard]] CsCounts counts() const;

  private:
    void look_at_status();
    void look_at_space();

    Master& master_;
    std::vector<logged::AddEvent> waiting_;
    std::set<CsId> became_active_;
    ClusterStatus announced_ = ClusterStatus::unknown;
    CsCounts announced_counts_;
    bool space_announced_ = false;
    uint32_t announced_percent_ = 0;
};

}  // namespace cairn::meta
