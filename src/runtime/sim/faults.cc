#include "runtime/sim/faults.h"

#include <array>

namespace cairn::sim {

namespace {

constexpr uint32_t always = 1'000'000;

// Every name that the simulator itself counts under.
constexpr std::array probe_names = {
    "clock skew",        "connect refused",
    "connect timed out", "connection lost",
    "connection reset",  "cut keeps write",
    "cut loses write",   "cut tears write",
    "cut undoes name",   "data lost in flight",
    "delay spike",       "disk full",
    "flipped bit",       "frame delayed",
    "frame duplicated",  "frame lost",
    "half-open end",     "kill",
    "late write",        "mailbox delay",
    "misdirected write", "operation forgotten",
    "partition held",    "power cut",
    "read error",        "retransmission limit",
    "short disk read",   "short disk write",
    "short stream read", "short stream write",
    "slow disk",         "stall",
    "stall in a turn",   "sync error",
    "write error",       "write waits for reader",
};

// Off for every second seed; otherwise between a tenth of `highest` and `highest`.
uint32_t swarm_rate(Random& random, uint32_t highest) {
    const bool on = random.below(2) == 0;
    const auto rate = static_cast<uint32_t>(highest / 10 + random.below(highest - highest / 10));
    return on ? rate : 0;
}

}  // namespace

FaultPlan FaultPlan::none() {
    FaultPlan plan;
    plan.disk.cut_loss = always;
    plan.disk.cut_undo = always;
    return plan;
}

FaultPlan FaultPlan::swarm(Random& random) {
    FaultPlan plan;
    NetworkFaults& network = plan.network;
    network.connection_loss = swarm_rate(random, 2'000);
    network.connect_refused = swarm_rate(random, 50'000);
    network.delay_spike = swarm_rate(random, 20'000);
    network.delay_spike_max = milliseconds(1 + static_cast<int64_t>(random.below(500)));
    network.short_read = swarm_rate(random, 300'000);
    network.short_write = swarm_rate(random, 300'000);
    network.frame_loss = swarm_rate(random, 50'000);
    network.frame_duplication = swarm_rate(random, 20'000);
    network.frame_delay = swarm_rate(random, 100'000);
    DiskFaults& disk = plan.disk;
    disk.read_error = swarm_rate(random, 500);
    disk.write_error = swarm_rate(random, 300);
    disk.sync_error = swarm_rate(random, 300);
    disk.no_space = swarm_rate(random, 1'000);
    disk.bit_rot = swarm_rate(random, 500);
    disk.misdirected_write = swarm_rate(random, 300);
    disk.short_read = swarm_rate(random, 100'000);
    disk.short_write = swarm_rate(random, 100'000);
    disk.slow = swarm_rate(random, 5'000);
    disk.slow_max = milliseconds(10 + static_cast<int64_t>(random.below(5'000)));
    disk.late_write = swarm_rate(random, 500'000);
    disk.cut_loss = static_cast<uint32_t>(random.below(always + 1));
    disk.cut_tear = static_cast<uint32_t>(random.below(always + 1));
    disk.cut_undo = static_cast<uint32_t>(random.below(always + 1));
    HostFaults& host = plan.host;
    host.clock_rate_ppm_max = swarm_rate(random, 10'000);
    host.wall_offset_max = seconds(static_cast<int64_t>(random.below(7'200)));
    host.stall = swarm_rate(random, 200);
    host.stall_max = milliseconds(100 + static_cast<int64_t>(random.below(20'000)));
    return plan;
}

Probes::Probes() {
    for (const char* name : probe_names)
        counts_.emplace(name, 0);
}

void Probes::hit(std::string_view name) {
    const auto found = counts_.find(name);
    if (found != counts_.end())
        found->second++;
    else
        counts_.emplace(name, 1);
}

uint64_t Probes::count(std::string_view name) const {
    const auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
}

}  // namespace cairn::sim
