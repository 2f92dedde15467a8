// Soak: a cluster that is used a little for many hours of its own time, with all that comes round
// in them: leases, heartbeats, snapshots, checkpoints, scrubs, and now and then a program that
// dies. What it keeps, in memory and on its disks, must not grow.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace cairn::sim {

struct SoakOptions {
    uint64_t seed = 1;
    Duration length = seconds(86400);
    // Bytes that this process has allocated; the simulator does not ask the system itself. May be
    // empty.
    std::function<uint64_t()> memory_in_use;
};

// What was counted at one time, by name.
struct SoakSample {
    Duration at;
    std::vector<std::pair<std::string, uint64_t>> counts;
};

struct SoakReport {
    std::string problem;              // empty if nothing grew, and all was well
    std::vector<SoakSample> samples;  // 24, at equal distances
    uint64_t rounds = 0;              // of the clients: a file made, written, read, removed
};

[[nodiscard]] SoakReport soak(const SoakOptions& options);

}  // namespace cairn::sim
