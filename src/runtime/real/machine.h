// Machine: the real Runtime, on the thread that makes it: one reactor, and this machine's clock,
// network, disk, randomness, host and log. Programs use it through Program; tests and tools make
// one themselves.
#pragma once

#include "runtime/real/clock.h"
#include "runtime/real/disk.h"
#include "runtime/real/host.h"
#include "runtime/real/network.h"
#include "runtime/real/random.h"
#include "runtime/real/reactor.h"
#include "runtime/real/stderr_log.h"
#include "runtime/runtime.h"

namespace cairn::real {

struct MachineOptions {
    ReactorOptions reactor = {};
    Severity log_least = Severity::info;
};

class Machine {
  public:
    static Result<std::unique_ptr<Machine>> create(const MachineOptions& options);

    [[nodiscard]] Runtime& runtime() { return runtime_; }
    [[nodiscard]] Reactor& reactor() { return *reactor_; }

  private:
    Machine(const MachineOptions& options, std::unique_ptr<Reactor> reactor);

    std::unique_ptr<Reactor> reactor_;
    StderrLog log_;
    RealClock clock_;
    RealNetwork network_;
    RealDisk disk_;
    RealRandom random_;
    RealHost host_;
    Runtime runtime_;
};

}  // namespace cairn::real
