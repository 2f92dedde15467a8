#include "sim/nemesis.h"

#include <functional>
#include <vector>

namespace cairn::sim {

using Kind = SimCluster::Service::Kind;

NemesisPlan NemesisPlan::swarm(Random& random) {
    NemesisPlan plan;
    for (bool* kind :
         {&plan.kill_cs, &plan.kill_mds, &plan.kill_client, &plan.cut_cs_host, &plan.cut_mds_host,
          &plan.cut_everything, &plan.partition, &plan.stall, &plan.lose_connections})
        *kind = random.below(2) == 0;
    plan.gap = milliseconds(static_cast<int64_t>(500 + random.below(6000)));
    return plan;
}

SimCluster::Service* Nemesis::pick(Kind kind) {
    std::vector<SimCluster::Service*> list;
    for (SimCluster::Service& service : cluster_.services()) {
        if (service.kind == kind && service.running())
            list.push_back(&service);
    }
    return list.empty() ? nullptr : list[world_.random().below(list.size())];
}

Duration Nemesis::down_time(Duration most) {
    return {static_cast<int64_t>(world_.random().below(static_cast<uint64_t>(most.nanoseconds)))};
}

Duration Nemesis::next_gap() {
    return plan_.gap / 2 + down_time(plan_.gap);
}

void Nemesis::partition_somebody() {
    World::Machines one;
    World::Machines other;
    for (const auto& host : world_.hosts())
        (world_.random().below(3) == 0 ? one : other).push_back(host.get());
    if (one.empty() || other.empty())
        return;
    world_.partition(one, other);
    World* world = &world_;
    world_.schedule(down_time(seconds(12)), [world] { world->heal_network(); });
}

void Nemesis::strike() {
    std::vector<std::function<void()>> events;
    const auto kill = [&](bool wanted, Kind kind, Duration most) {
        if (wanted)
            events.push_back([this, kind, most] {
                if (SimCluster::Service* service = pick(kind))
                    cluster_.kill(*service, down_time(most));
            });
    };
    const auto cut = [&](bool wanted, Kind kind, Duration most) {
        if (wanted)
            events.push_back([this, kind, most] {
                if (SimCluster::Service* service = pick(kind))
                    cluster_.cut_power({service->machine}, down_time(most));
            });
    };
    kill(plan_.kill_cs, Kind::cs, seconds(8));
    kill(plan_.kill_mds, Kind::mds, seconds(8));
    kill(plan_.kill_client, Kind::client, seconds(3));
    cut(plan_.cut_cs_host, Kind::cs, seconds(10));
    cut(plan_.cut_mds_host, Kind::mds, seconds(10));
    if (plan_.cut_everything)
        events.push_back([this] {
            if (world_.random().below(3) != 0)
                return;
            const Duration down = seconds(1) + down_time(seconds(3));
            World::Machines all;
            for (const auto& host : world_.hosts())
                all.push_back(host.get());
            cluster_.cut_power(all, down);
        });
    if (plan_.partition)
        events.push_back([this] { partition_somebody(); });
    if (plan_.stall)
        events.push_back([this] {
            const auto& hosts = world_.hosts();
            world_.stall(*hosts[world_.random().below(hosts.size())], down_time(seconds(15)));
        });
    if (plan_.lose_connections)
        events.push_back([this] {
            const auto& hosts = world_.hosts();
            world_.lose_connections(*hosts[world_.random().below(hosts.size())],
                                    *hosts[world_.random().below(hosts.size())]);
        });
    if (!events.empty())
        events[world_.random().below(events.size())]();
}

}  // namespace cairn::sim
