// Watchdog: ends leases that ran out, and tells chunk servers that fell silent from those that are
// lost for repair.
#pragma once

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

  private:
    Task<void> end_expired_leases();
    Task<void> look_at_servers();
    Task<void> declare_offline(CsId cs, Duration silent);

    Master& master_;
};

}  // namespace cairn::meta
