// World: hosts, the network between them and the programs on them, simulated in one thread and in
// virtual time. Everything follows from the seed. It reads no real clock, file or socket.
//     World world(seed, FaultPlan::swarm(random));
//     Machine& a = world.add_host({.name = "a", .addresses = {"10.0.0.1"}});
//     Process& server = world.start(a, "server", [](Runtime& runtime) { return serve(runtime); });
//     world.run_for(seconds(5));
//     world.cut_power(a);   // what was not synced is kept, lost or torn
//     world.power_on(a);
//     world.start(a, "server", ...);
//     world.heal();         // no fault strikes any more: now demand that everything works again
//     EXPECT_TRUE(world.run_until([&] { return ready; }, seconds(60))) << world.seed();
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/ethernet.h"
#include "runtime/sim/core.h"
#include "runtime/sim/fabric.h"
#include "runtime/sim/machine.h"
#include "runtime/sim/process.h"

namespace cairn::sim {

class EthernetSwitch;

class World {
  public:
    explicit World(uint64_t seed, const FaultPlan& plan = FaultPlan::none());
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    [[nodiscard]] uint64_t seed() const { return core_.seed; }

    // Hosts. They live as long as the world.
    Machine& add_host(HostOptions options);
    [[nodiscard]] const std::vector<std::unique_ptr<Machine>>& hosts() const { return machines_; }
    // Everything on it stops at once. What was synced stays; of the rest the fault plan decides.
    void cut_power(Machine& machine);
    // Stops its programs as kill does, writes back everything, and switches off.
    void shut_down(Machine& machine);
    void power_on(Machine& machine);
    // No program on it runs for so long; its disks and its network go on.
    void stall(Machine& machine, Duration duration);
    void set_clock_rate(Machine& machine, int32_t ppm);

    // Programs. `main` makes the program's only task; when it returns or the process is killed,
    // everything it owns is gone. To start it again, start a new process.
    Process& start(Machine& machine, std::string name, Main main);
    Process& start(Machine& machine, std::string name, const ProcessOptions& options,
                   ProcessMain main);
    // What it wrote is kept by the host's kernel; its connections end and its locks are free.
    void kill(Process& process);
    void stall(Process& process, Duration duration);

    // Network.
    using Machines = std::vector<Machine*>;
    // Nothing passes between a host of one side and a host of the other, until heal_network().
    void partition(const Machines& one_side, const Machines& other_side);
    // Nothing passes from one host to another; the other way stays open.
    void block(Machine& from, Machine& to);
    void unblock(Machine& from, Machine& to);
    void heal_network();
    // Every connection between the two breaks.
    void lose_connections(Machine& a, Machine& b);
    // A port of `process` at the one Ethernet switch; it lives in the program's frames.
    [[nodiscard]] std::unique_ptr<EthernetPort> open_ethernet_port(Process& process,
                                                                   size_t loop = 0);

    // Faults.
    void set_faults(const FaultPlan& plan) { core_.faults = plan; }
    [[nodiscard]] const FaultPlan& faults() const { return core_.faults; }
    // No fault strikes by itself, disks are mended, the network is whole. Hosts without power,
    // clocks and what is stored stay as they are.
    void heal();
    // For what a scenario does itself.
    void hit_probe(std::string_view name) { core_.probes.hit(name); }
    [[nodiscard]] uint64_t probe(std::string_view name) const { return core_.probes.count(name); }
    [[nodiscard]] const std::map<std::string, uint64_t, std::less<>>& probes() const {
        return core_.probes.all();
    }

    // Time. A scenario that wants to act at a moment schedules it; what is scheduled may kill and
    // start processes.
    [[nodiscard]] SimTime now() const { return core_.now(); }
    void schedule(Duration after, std::move_only_function<void()> action);
    void run_for(Duration duration);
    // Asks after each event; false if it did not become true within `limit`.
    [[nodiscard]] bool run_until(const std::function<bool()>& predicate, Duration limit);
    [[nodiscard]] uint64_t events() const { return core_.queue.fired(); }

    // Trace.
    [[nodiscard]] uint64_t trace_hash() const { return core_.trace.hash(); }
    void set_trace(std::function<void(std::string_view line)> sink) {
        core_.trace.set_sink(std::move(sink));
    }
    [[nodiscard]] bool traces() const { return core_.trace.wanted(); }
    // A scenario's own line for the reader; the hash does not know it.
    void say(std::string_view who, std::string_view what) const {
        core_.trace.say(core_.now(), who, what);
    }
    // Every line that a program logs.
    using LogSink = std::function<void(std::string_view who, Severity severity,
                                       std::string_view component, std::string_view text)>;
    void set_log(LogSink sink) { core_.log_sink = std::move(sink); }
    // Randomness for the scenario itself.
    [[nodiscard]] Random& random() { return random_; }

  private:
    class Scheduled;
    void end_processes(Machine& machine, Ending ending);
    void note(const Machine& machine, std::string_view what);

    Core core_;
    Fabric fabric_;
    SimRandom random_;
    std::unique_ptr<EthernetSwitch> switch_;
    std::vector<std::unique_ptr<Machine>> machines_;
    std::vector<std::unique_ptr<Process>> processes_;
    std::map<std::string, uint64_t> incarnations_;
    std::map<uint64_t, std::unique_ptr<Scheduled>> scheduled_;
};

}  // namespace cairn::sim
