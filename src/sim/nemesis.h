// Nemesis: what goes wrong in a simulated cluster beyond the faults that strike by themselves:
// programs killed, hosts without power, networks cut, stalls. Everything follows from the world's
// seed.
#pragma once

#include "sim/cluster.h"
#include "sim/cs_copies.h"
#include "sim/cs_replacement.h"
#include "sim/mds_replacement.h"

namespace cairn::sim {

class Nemesis {
  public:
    Nemesis(World& world, SimCluster& cluster, NemesisPlan plan)
        : world_(world),
          cluster_(cluster),
          plan_(plan),
          mds_replacement_(world, cluster),
          cs_replacement_(world, cluster),
          cs_copies_(world, cluster, cs_replacement_) {}

    // One event, of those that the plan has.
    void strike();
    [[nodiscard]] Duration next_gap();
    // Goes on with what takes several steps; also after the faults have ended, until it is done.
    void supervise() {
        mds_replacement_.supervise();
        cs_replacement_.supervise();
        cs_copies_.supervise();
    }
    [[nodiscard]] bool is_done() const {
        return !full_ && !mds_replacement_.under_way() && !cs_replacement_.under_way() &&
               !cs_copies_.under_way() && (attributes_ == nullptr || !attributes_->running());
    }

  private:
    [[nodiscard]] SimCluster::Service* pick(SimCluster::Service::Kind kind);
    [[nodiscard]] Duration down_time(Duration most);
    void partition_somebody();
    void rot();
    void outage();
    void revoke();
    void change_attributes();
    void fill_somebody();
    void fill_wholly();
    void make_room();

    World& world_;
    SimCluster& cluster_;
    NemesisPlan plan_;
    SimTime outage_until_;
    bool full_ = false;              // disks are wholly full, until they are given room again
    Process* attributes_ = nullptr;  // the program that changes them
    MdsReplacement mds_replacement_;
    CsReplacement cs_replacement_;
    CsCopies cs_copies_;
};

}  // namespace cairn::sim
