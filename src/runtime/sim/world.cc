#include "runtime/sim/world.h"

#include <algorithm>

#include "runtime/sim/ethernet_switch.h"

namespace cairn::sim {

// An action of the scenario; it is out of the world's books when it runs.
class World::Scheduled final : public SimEvent {
  public:
    Scheduled(World& world, uint64_t number, std::move_only_function<void()> action)
        : SimEvent(world.core_.queue), world_(world), number_(number), action_(std::move(action)) {}

  private:
    void fire() override {
        const auto found = world_.scheduled_.find(number_);
        const std::unique_ptr<Scheduled> self = std::move(found->second);
        world_.scheduled_.erase(found);
        action_();
    }

    World& world_;
    uint64_t number_;
    std::move_only_function<void()> action_;
};

World::World(uint64_t seed, const FaultPlan& plan)
    : core_(seed, plan),
      fabric_(core_),
      random_(core_.seed_for("scenario")),
      switch_(std::make_unique<EthernetSwitch>(fabric_)) {}

World::~World() {
    scheduled_.clear();
    processes_.clear();
}

void World::note(const Machine& machine, std::string_view what) {
    core_.trace.record(core_.now(), TraceKind::world, machine.number(),
                       checksum(bytes_of(what)) >> 8);
    if (core_.trace.wanted())
        core_.trace.say(core_.now(), machine.name(), what);
}

Machine& World::add_host(HostOptions options) {
    machines_.push_back(std::make_unique<Machine>(core_, std::move(options), machines_.size() + 1));
    fabric_.add_machine(*machines_.back());
    return *machines_.back();
}

void World::end_processes(Machine& machine, Ending ending) {
    for (const std::unique_ptr<Process>& process : processes_) {
        if (&process->machine() == &machine)
            process->end(ending);
    }
}

void World::cut_power(Machine& machine) {
    CHECK_NOTE(machine.powered(), "it has no power");
    core_.fault("power cut", machine.name());
    end_processes(machine, Ending::power_cut);
    for (const std::unique_ptr<DiskDevice>& disk : machine.disks())
        disk->cut_power();
    machine.set_powered(false);
}

void World::shut_down(Machine& machine) {
    CHECK_NOTE(machine.powered(), "it has no power");
    note(machine, "shuts down");
    end_processes(machine, Ending::killed);
    for (const std::unique_ptr<DiskDevice>& disk : machine.disks())
        disk->shut_down();
    machine.set_powered(false);
}

void World::power_on(Machine& machine) {
    CHECK_NOTE(!machine.powered(), "it has power");
    machine.set_powered(true);
    note(machine, "boots");
    fabric_.retry_held();
}

void World::stall(Machine& machine, Duration duration) {
    core_.fault("stall", machine.name());
    const SimTime until = std::max(machine.stalled_until(), core_.now() + duration);
    machine.set_stalled_until(until);
    for (const std::unique_ptr<Process>& process : processes_) {
        if (&process->machine() == &machine)
            process->stall_until(until);
    }
}

void World::set_clock_rate(Machine& machine, int32_t ppm) {
    core_.fault("clock skew", machine.name());
    machine.clock().set_rate(core_.now(), ppm);
    for (const std::unique_ptr<Process>& process : processes_) {
        if (&process->machine() == &machine)
            process->reschedule();
    }
}

Process& World::start(Machine& machine, std::string name, Main main) {
    return start(machine, std::move(name), {},
                 [main = std::move(main)](Process& process) mutable -> Task<void> {
                     return main(process.runtime());
                 });
}

Process& World::start(Machine& machine, std::string name, const ProcessOptions& options,
                      ProcessMain main) {
    CHECK_NOTE(machine.powered(), "a host without power starts nothing");
    note(machine, "starts " + name);
    const uint64_t incarnation = ++incarnations_[machine.name() + "/" + name];
    processes_.push_back(std::make_unique<Process>(core_, fabric_, machine, std::move(name),
                                                   incarnation, options, std::move(main)));
    return *processes_.back();
}

void World::kill(Process& process) {
    if (!process.running())
        return;
    core_.fault("kill", process.machine().name() + "/" + process.name());
    process.end(Ending::killed);
}

void World::stall(Process& process, Duration duration) {
    core_.fault("stall", process.machine().name() + "/" + process.name());
    process.stall_until(core_.now() + duration);
}

void World::partition(const Machines& one_side, const Machines& other_side) {
    for (Machine* one : one_side) {
        for (Machine* other : other_side) {
            block(*one, *other);
            block(*other, *one);
        }
    }
}

void World::block(Machine& from, Machine& to) {
    note(from, "cannot reach " + to.name());
    fabric_.block(from, to);
}

void World::unblock(Machine& from, Machine& to) {
    note(from, "reaches " + to.name() + " again");
    fabric_.unblock(from, to);
}

void World::heal_network() {
    fabric_.unblock_all();
}

void World::lose_connections(Machine& a, Machine& b) {
    fabric_.lose_connections(a, b);
}

std::unique_ptr<EthernetPort> World::open_ethernet_port(Process& process, size_t loop) {
    return switch_->open_port(process.driver(loop));
}

void World::heal() {
    // A power cut after healing is still a power cut: what it may do to unsynced data stays.
    const DiskFaults before = core_.faults.disk;
    core_.faults = FaultPlan();
    core_.faults.disk.cut_loss = before.cut_loss;
    core_.faults.disk.cut_tear = before.cut_tear;
    core_.faults.disk.cut_undo = before.cut_undo;
    for (const std::unique_ptr<Machine>& machine : machines_) {
        for (const std::unique_ptr<DiskDevice>& disk : machine->disks())
            disk->heal();
    }
    heal_network();
}

void World::schedule(Duration after, std::move_only_function<void()> action) {
    const uint64_t number = core_.next_number++;
    auto scheduled = std::make_unique<Scheduled>(*this, number, std::move(action));
    scheduled->at(core_.now() + after);
    scheduled_.emplace(number, std::move(scheduled));
}

void World::run_for(Duration duration) {
    const SimTime end = core_.now() + duration;
    while (core_.queue.next() <= end)
        core_.queue.fire_next();
    core_.queue.skip_to(end);
}

bool World::run_until(const std::function<bool()>& predicate, Duration limit) {
    const SimTime end = core_.now() + limit;
    while (!predicate()) {
        if (core_.queue.next() > end) {
            core_.queue.skip_to(end);
            return predicate();
        }
        core_.queue.fire_next();
    }
    return true;
}

}  // namespace cairn::sim
