// Thread: one loop of a simulated process with the Runtime that its code sees.
#pragma once

#include <memory>
#include <string>

#include "base/check.h"
#include "runtime/runtime.h"
#include "runtime/sim/fabric.h"
#include "runtime/sim/loop_driver.h"
#include "runtime/sim/machine.h"
#include "runtime/sim/sim_disk.h"
#include "runtime/sim/sim_network.h"

namespace cairn::sim {

class SimClock final : public Clock {
  public:
    SimClock(Core& core, Machine& machine) : core_(core), machine_(machine) {}
    Instant now() override {
        // A loop that waits for what only another turn can bring would hang for ever.
        core_.clock_reads_in_turn++;
        CHECK_NOTE(core_.clock_reads_in_turn < 1'000'000,
                   "a program asks for the time for ever in one turn");
        return machine_.clock().monotonic(core_.now());
    }
    WallTime wall_now() override { return machine_.clock().wall(core_.now()); }

  private:
    Core& core_;
    Machine& machine_;
};

class SimHost final : public Host {
  public:
    SimHost(Machine& machine, LoopDriver& driver) : machine_(machine), driver_(driver) {}
    std::string name() override { return machine_.name(); }
    uint64_t boot_id() override { return machine_.boot_id(); }
    // Memory is not simulated: it says 0.
    ProcessUsage usage() override { return {driver_.cpu(), 0}; }
    Result<std::unique_ptr<SharedMemory>> shared_memory(const std::string& path,
                                                        size_t bytes) override {
        return machine_.shared_memory(path, bytes);
    }

  private:
    Machine& machine_;
    LoopDriver& driver_;
};

class SimLog final : public Log {
  public:
    SimLog(Core& core, std::string who) : core_(core), who_(std::move(who)) {}
    void write(Severity severity, std::string_view component, std::string_view text) override;

  private:
    Core& core_;
    std::string who_;
};

class Thread {
  public:
    Thread(Core& core, Machine& machine, Fabric& fabric, Holdings& holdings, const std::string& who,
           const std::string& working_directory, uint64_t random_seed)
        : driver(core, machine, holdings, who),
          clock(core, machine),
          network(driver, fabric),
          disk(driver, working_directory),
          random(random_seed),
          host(machine, driver),
          log(core, who),
          runtime{driver.loop(), clock, network, disk, random, host, log} {}

    LoopDriver driver;
    SimClock clock;
    SimNetwork network;
    SimDisk disk;
    SimRandom random;
    SimHost host;
    SimLog log;
    Runtime runtime;
};

}  // namespace cairn::sim
