#include "sim/nemesis.h"

#include <array>
#include <functional>
#include <tuple>
#include <vector>

namespace cairn::sim {

using Kind = SimCluster::Service::Kind;

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
    world_.schedule(down_time(plan_.down_most * 2), [world] { world->heal_network(); });
}

// Of a chunk's file on the first chunk server, the same in the whole seed: the other replicas stay
// good.
void Nemesis::rot() {
    if (!cluster_.may_lose_a_replica())
        return;
    SimCluster::Service& victim = cluster_.service(Kind::cs, 0);
    const std::string top = victim.path + "/chunks";
    std::vector<std::string> files;
    const auto directories = victim.machine->peek_directory(top);
    if (!directories)
        return;
    for (const DirectoryEntry& directory : *directories) {
        const std::string below = top + "/" + directory.name;
        if (const auto entries = victim.machine->peek_directory(below)) {
            for (const DirectoryEntry& entry : *entries)
                files.push_back(below + "/" + entry.name);
        }
    }
    if (files.empty())
        return;
    const std::string& file = files[world_.random().below(files.size())];
    const auto content = victim.machine->peek(file);
    if (!content || content->empty())
        return;
    victim.rots = true;
    if (world_.random().below(6) == 0) {
        static_cast<void>(victim.machine->unlink(file));
        return;
    }
    const uint64_t at = world_.random().below(content->size());
    if (world_.random().below(3) == 0) {
        const uint64_t from = world_.random().below(content->size());
        static_cast<void>(
            victim.machine->misplace(file, align_down(from, page_size), align_down(at, page_size)));
        return;
    }
    const auto mask = static_cast<uint8_t>(1U << world_.random().below(8));
    static_cast<void>(victim.machine->corrupt(file, at, mask));
}

// All chunk servers but one are gone for longer than it takes to declare them lost.
void Nemesis::outage() {
    if (world_.now() < outage_until_)
        return;
    SimCluster::Service* survivor = pick(Kind::cs);
    const Duration down = cluster_.shape().offline_timeout + seconds(1) + down_time(seconds(5));
    outage_until_ = world_.now() + down;
    for (SimCluster::Service& service : cluster_.services()) {
        if (service.kind == Kind::cs && &service != survivor)
            cluster_.kill(service, down);
    }
}

void Nemesis::revoke() {
    const SimCluster::Service* client = pick(Kind::client);
    if (client != nullptr)
        cluster_.revoke_leases_of(client->machine->name());
}

// Of all files. A minimum of one is left out: with it a single failure may lose what was flushed.
void Nemesis::change_attributes() {
    if (attributes_ != nullptr && attributes_->running())
        return;
    constexpr std::array<std::pair<uint8_t, uint8_t>, 3> levels = {{{2, 2}, {3, 2}, {3, 3}}};
    SetAttributesRequest change;
    if (world_.random().below(4) != 0)
        std::tie(change.replicas_norm, change.replicas_min) =
            levels[world_.random().below(levels.size())];
    else
        change.failure_domain =
            world_.random().below(2) == 0 ? FailureDomain::disk : FailureDomain::host;
    attributes_ = cluster_.change_attributes(change);
}

// All other disks are as empty as before.
void Nemesis::fill_somebody() {
    const SimCluster::Service* full = pick(Kind::cs);
    const uint64_t foreign = mib * (5 + world_.random().below(30));
    for (const SimCluster::Service& service : cluster_.services()) {
        if (service.kind == Kind::cs)
            service.machine->disk_of(service.path)
                .set_foreign_usage(&service == full ? foreign : 0);
    }
}

// Not a byte is left, of one disk or of those of all chunk servers, in the midst of what is being
// written there.
void Nemesis::fill_wholly() {
    if (full_)
        return;
    full_ = true;
    constexpr uint64_t everything = 1 * gib;
    const uint64_t dice = world_.random().below(6);
    const SimCluster::Service* one = pick(dice < 2 ? Kind::mds : Kind::cs);
    for (const SimCluster::Service& service : cluster_.services()) {
        if (service.kind != Kind::client &&
            (&service == one || (dice == 5 && service.kind == Kind::cs)))
            service.machine->disk_of(service.path).set_foreign_usage(everything);
    }
    world_.schedule(milliseconds(100) + down_time(plan_.down_most * 2), [this] { make_room(); });
}

void Nemesis::make_room() {
    full_ = false;
    for (const SimCluster::Service& service : cluster_.services()) {
        if (service.kind != Kind::client)
            service.machine->disk_of(service.path).set_foreign_usage(0);
    }
}

void Nemesis::strike() {
    std::vector<std::function<void()>> events;
    const auto kill = [&](bool wanted, Kind kind, Duration most) {
        if (wanted)
            events.push_back([this, kind, most] {
                SimCluster::Service* service = pick(kind);
                if (service == nullptr)
                    return;
                cluster_.kill(*service, down_time(most));
                // With the container that it ran in, perhaps.
                if (kind == Kind::cs && world_.random().below(8) == 0)
                    cluster_.forget_memory(*service->machine);
            });
    };
    const auto cut = [&](bool wanted, Kind kind, Duration most) {
        if (wanted)
            events.push_back([this, kind, most] {
                if (SimCluster::Service* service = pick(kind))
                    cluster_.cut_power({service->machine}, down_time(most));
            });
    };
    kill(plan_.kill_cs, Kind::cs, plan_.down_most);
    kill(plan_.kill_mds, Kind::mds, plan_.down_most);
    kill(plan_.kill_client, Kind::client, plan_.down_most);
    cut(plan_.cut_cs_host, Kind::cs, plan_.down_most);
    cut(plan_.cut_mds_host, Kind::mds, plan_.down_most);
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
    if (plan_.revoke)
        events.push_back([this] { revoke(); });
    if (plan_.outage)
        events.push_back([this] { outage(); });
    if (plan_.replace_mds)
        events.push_back([this] { mds_replacement_.begin(); });
    if (plan_.replace_cs)
        events.push_back([this] { cs_replacement_.begin(); });
    if (plan_.restore_cs)
        events.push_back([this] { cs_copies_.strike(); });
    if (plan_.change_attributes)
        events.push_back([this] { change_attributes(); });
    if (plan_.fill_cs)
        events.push_back([this] { fill_somebody(); });
    if (plan_.fill_wholly)
        events.push_back([this] { fill_wholly(); });
    if (plan_.rot)
        events.push_back([this] { rot(); });
    if (!events.empty())
        events[world_.random().below(events.size())]();
}

}  // namespace cairn::sim
