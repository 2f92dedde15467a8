// Test support: a long run of random events against one cluster, from a seed: loss, repetition,
// disorder, partitions, crashes that lose what was not persisted, membership changes, transfers,
// snapshots. Each seed switches some of these off. Then everything is healed, and the cluster must
// agree and make progress.
#pragma once

#include <set>
#include <string>

#include "raft/test_cluster.h"

namespace cairn::raft {

struct RunResult {
    std::string violation;  // empty: everything held
    Bytes fingerprint;      // of the end: equal for equal seeds
    size_t leaders = 0;
    size_t committed = 0;
    size_t snapshots = 0;
    size_t reads = 0;
    size_t memberships = 0;
};

class RandomRun {
  public:
    RandomRun(uint64_t seed, const Rules& rules);

    // Safety under faults, then liveness after healing.
    [[nodiscard]] RunResult run(size_t events);
    // Safety only.
    [[nodiscard]] RunResult run_without_healing(size_t events);
    // Says everything that happens, to replay a seed that failed.
    void set_trace(TestCluster::Trace trace) { cluster_.set_trace(std::move(trace)); }

  private:
    [[nodiscard]] RunResult finish();
    void random_event();
    void network_event();
    void server_event(MdsId id);
    void leader_event(MdsId id);
    void random_membership(MdsId id);
    void random_partition();
    void crash_or_restart(MdsId id);
    [[nodiscard]] bool passes(MdsId from, MdsId to) const { return !cut_.contains({from, to}); }
    void heal();
    void heal_round(bool proposes);
    [[nodiscard]] bool agreed();

    SplitMix random_;
    TestCluster cluster_;
    std::set<std::pair<MdsId, MdsId>> cut_;
    uint64_t unique_ = 0;
    RunResult result_;

    // Swarm: which faults this seed knows.
    bool loses_;
    bool repeats_;
    bool partitions_;
    bool crashes_;
    bool slow_disks_;
    bool changes_members_;
    bool transfers_;
    bool compacts_;
    uint64_t member_change_rarity_;
};

}  // namespace cairn::raft
