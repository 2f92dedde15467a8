// Nemesis: what goes wrong in a simulated cluster beyond the faults that strike by themselves:
// programs killed, hosts without power, networks cut, stalls. Everything follows from the world's
// seed.
#pragma once

#include "sim/cluster.h"

namespace cairn::sim {

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
    void rot_a_byte();
    void outage();
    void revoke();
    SimTime outage_until_;

    World& world_;
    SimCluster& cluster_;
    NemesisPlan plan_;
};

}  // namespace cairn::sim
