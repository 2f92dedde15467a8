// Nemesis: what goes wrong in a simulated cluster beyond the faults that strike by themselves:
// programs killed, hosts without power, networks cut, stalls. Everything follows from the world's
// seed.
#pragma once

#include "sim/cluster.h"

namespace cairn::sim {

// Which kinds of events a seed has, and how far apart they come.
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
    Duration gap = seconds(4);

    // About half of them: each seed is without some.
    static NemesisPlan swarm(Random& random);
};

class Nemesis {
  public:
    Nemesis(World& world, SimCluster& cluster, NemesisPlan plan)
        : world_(world), cluster_(cluster), plan_(plan) {}

    // One event, of those that the plan has.
    void strike();
    [[nodiscard]] Duration next_gap();

  private:
    [[nodiscard]] SimCluster::Service* pick(SimCluster::Service::Kind kind);
    [[nodiscard]] Duration down_time(Duration most);
    void partition_somebody();

    World& world_;
    SimCluster& cluster_;
    NemesisPlan plan_;
};

}  // namespace cairn::sim
