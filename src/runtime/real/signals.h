// Signals: SIGINT, SIGTERM and SIGHUP as events of a loop. They are blocked and read from a
// signalfd, so that no system call is interrupted and no code runs in a handler. Made before any
// thread is started, and undone when it is destroyed.
#pragma once

#include <signal.h>

#include "runtime/real/descriptor.h"
#include "runtime/real/reactor.h"
#include "runtime/wait.h"
#include "telemetry/log.h"

namespace cairn::real {

class Signals {
  public:
    Signals(Reactor& reactor, Log& log);
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals();

    // Set by SIGINT or SIGTERM. A second one ends the process at once, for a stop that hangs.
    [[nodiscard]] Event& stop() { return stop_; }
    // Notified by SIGHUP: look at the configuration again.
    [[nodiscard]] Condition& reload() { return reload_; }
    // Runs until ended() is called.
    Task<void> watch();
    void end_watch();

  private:
    void handle(uint32_t number);

    Reactor& reactor_;
    Log& log_;
    Event stop_;
    Condition reload_;
    sigset_t former_mask_;
    Descriptor descriptor_;
    class Call* polling_ = nullptr;
    bool ended_ = false;
};

}  // namespace cairn::real
