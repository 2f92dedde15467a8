// FaultPlan: which faults strike by themselves, and how often, in parts per million of the
// occasions on which they could. Faults aimed at a place and a moment (kill, power cut, partition,
// corrupt ...) are methods of World and Machine. Probes count every strike, so that a test can tell
// that a fault it claims to survive was there.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/time.h"
#include "runtime/random.h"

namespace cairn::sim {

struct NetworkFaults {
    uint32_t connection_loss = 0;  // of segments sent: both ends see an error, each in its own time
    uint32_t connect_refused = 0;  // of connects
    uint32_t delay_spike = 0;      // of segments sent: up to delay_spike_max late
    Duration delay_spike_max = milliseconds(200);
    uint32_t short_read = 0;   // of stream reads: fewer bytes than are there
    uint32_t short_write = 0;  // of stream writes: fewer bytes than there is room for
    uint32_t frame_loss = 0;   // of Ethernet frames
    uint32_t frame_duplication = 0;
    uint32_t frame_delay = 0;  // which reorders them
};

struct DiskFaults {
    uint32_t read_error = 0;   // of reads: EIO
    uint32_t write_error = 0;  // of writes: EIO, and what is stored there is old, new or a mixture
    uint32_t sync_error = 0;   // of syncs: EIO once, and what was not durable never will be
    uint32_t no_space = 0;     // of operations that need space: ENOSPC
    uint32_t bit_rot = 0;      // of reads: a bit of what is stored there has flipped, for good
    uint32_t misdirected_write = 0;  // of writes: they land elsewhere in the file, and say nothing
    uint32_t short_read = 0;
    uint32_t short_write = 0;
    uint32_t slow = 0;  // of operations: up to slow_max late
    Duration slow_max = seconds(3);
    // Of writes in flight when their process is killed: they land up to late_write_max later,
    // perhaps when its successor runs.
    uint32_t late_write = 0;
    Duration late_write_max = milliseconds(20);
    // At a power cut, of unsynced writes: lost entirely, or torn between sectors; the rest is kept.
    uint32_t cut_loss = 0;
    uint32_t cut_tear = 0;
    // At a power cut, of unsynced creations, renames and removals: undone.
    uint32_t cut_undo = 0;
};

struct HostFaults {
    uint32_t clock_rate_ppm_max = 0;  // how wrong a new host's clock may run, in either direction
    Duration wall_offset_max{};       // how wrong its wall clock may be
    // Of turns: the process is stopped between what it decided and what it does about it.
    uint32_t stall = 0;
    Duration stall_max = seconds(5);
};

struct FaultPlan {
    NetworkFaults network;
    DiskFaults disk;
    HostFaults host;

    // Nothing strikes; a power cut keeps nothing that was not synced.
    static FaultPlan none();
    // About half of the kinds of faults, chosen by `random`, each with its own frequency. Errors
    // that a program may only survive with the help of others (bit rot, EIO, misdirected writes)
    // are among them; a scenario takes them out where it has no redundancy.
    static FaultPlan swarm(Random& random);
};

class Probes {
  public:
    Probes();
    void hit(std::string_view name);
    [[nodiscard]] uint64_t count(std::string_view name) const;
    // By name; every fault of the simulator is there, also those that did not strike.
    [[nodiscard]] const std::map<std::string, uint64_t, std::less<>>& all() const {
        return counts_;
    }

  private:
    std::map<std::string, uint64_t, std::less<>> counts_;
};

}  // namespace cairn::sim
