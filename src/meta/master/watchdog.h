// Watchdog: ends leases that ran out, and tells chunk servers that fell silent from those that are
// lost for repair.
#pragma once

#include <set>

#include "base/ids.h"
#include "runtime/runtime.h"
#include "wire/cs_messages.h"

namespace cairn::meta {

class Master;

class Watchdog {
  public:
    explicit Watchdog(Master& master) : master_(master) {}

    Task<void> run();
    // A heartbeat. False: this master does not know the server's chunks, it must register.
    bool heard(const CsHeartbeatRequest& request);
    // Lost replicas that could not leave before may be able to now.
    void server_returned() { lost_.clear(); }

  private:
    Task<void> end_expired_leases();
    Task<void> look_at_servers();
    Task<void> declare_offline(CsId cs, Duration silent);
    Task<void> lose_replicas(CsId cs);

    Master& master_;
    std::set<CsId> lost_;  // whose replicas this master has let go
};

}  // namespace cairn::meta
