// SeedPlan: all that one seed of the cluster scenario chooses: how large the cluster is, how its
// clients work it, which faults strike and how often. Most seeds are narrow: one chunk, a handful
// of blocks, short pauses and frequent faults, because rules of the chunk protocol meet their hard
// schedules where everything happens to the same few blocks. The others are wide. Pure.
#pragma once

#include <cstdint>

#include "base/size.h"
#include "base/time.h"
#include "runtime/random.h"
#include "runtime/sim/faults.h"
#include "wire/meta_types.h"

namespace cairn::sim {

struct ClusterShape {
    uint32_t metadata_servers = 3;
    uint32_t cs_hosts = 3;
    uint32_t cs_per_host = 2;
    // A chunk server that starts again listens where it did before: who could not ask the master
    // since finds it all the same.
    bool cs_ports_fixed = false;
    uint32_t clients = 4;
    uint32_t files = 3;
    uint8_t replicas_norm = 3;
    uint8_t replicas_min = 2;
    FailureDomain failure_domain = FailureDomain::host;
    uint64_t chunk_size = 64 * kib;
    uint64_t blocks_per_file = 32;
    Duration lease_timeout = seconds(6);
    Duration offline_timeout = seconds(60);
    // A minute, on each chunk server.
    uint32_t verify_chunks = 120;
    bool punch_hole = false;  // trims free space
    // Where a chunk server holds writes that its journal gathers; 0: nowhere.
    uint64_t staging_bytes = 256 * kib;
    // A chunk that was flushed is no longer marked after this long without a write.
    Duration unmark_after = seconds(5);
};

struct WorkPlan {
    uint32_t operations_per_open = 12;
    uint32_t tasks = 3;  // at once, on each open file
    Duration pause_max = milliseconds(300);
    bool trims = false;
};

// Which events may strike at random times.
struct NemesisPlan {
    bool kill_cs = false;
    bool kill_mds = false;
    bool kill_client = false;
    bool cut_cs_host = false;
    bool cut_mds_host = false;
    bool cut_everything = false;
    bool partition = false;
    bool stall = false;
    bool lose_connections = false;
    bool rot = false;     // of what one chunk server keeps
    bool outage = false;  // all chunk servers but one, until they are declared lost
    bool revoke = false;  // the leases of one client
    bool replace_mds = false;
    bool replace_cs = false;
    bool restore_cs = false;         // from old copies of their repositories
    bool change_attributes = false;  // how many replicas, and where
    bool fill_cs = false;      // of one disk, by files of others: replicas move away, and back
    bool fill_wholly = false;  // of one disk, or those of all chunk servers, for a while
    Duration gap = seconds(4);
    Duration down_most = seconds(8);
};

// What a narrow seed concentrates on; a rule that is broken on purpose names where it matters.
enum class Focus : uint8_t {
    anything,
    takeovers,    // leases taken away from, or by, clients that do not know it
    comparisons,  // replicas in doubt that cannot leave
    joins,        // replicas that leave and come back
    masters,      // changes of the master
};

struct SeedPlan {
    ClusterShape shape;
    WorkPlan work;
    FaultPlan faults;
    NemesisPlan nemesis;
    Duration faults_for = seconds(40);

    static SeedPlan draw(uint64_t seed, Random& random, bool power_cuts, Focus focus);
};

}  // namespace cairn::sim
