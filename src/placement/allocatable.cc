#include "placement/allocatable.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace cairn::placement {

namespace {

// A place that can hold at most `replicas_max` replicas of one chunk, and `bytes` in all.
struct Place {
    uint64_t bytes = 0;
    uint64_t replicas_max = 1;
};

// The largest x such that `replicas` times x fits: sum of min(bytes, replicas_max * x) >= replicas
// * x. What fits for x fits for less.
uint64_t largest(const std::vector<Place>& places, uint64_t replicas) {
    unsigned __int128 sum = 0;
    for (const Place& place : places)
        sum += place.bytes;
    auto low = uint64_t{0};
    auto high = static_cast<uint64_t>(sum / replicas);
    while (low < high) {
        const uint64_t x = low + (high - low + 1) / 2;
        unsigned __int128 held = 0;
        for (const Place& place : places)
            held += std::min<unsigned __int128>(
                place.bytes, static_cast<unsigned __int128>(place.replicas_max) * x);
        if (held >= static_cast<unsigned __int128>(replicas) * x)
            low = x;
        else
            high = x - 1;
    }
    return low;
}

struct FileSystem {
    HostId host;
    uint64_t total = 0;
    uint64_t free = 0;
    uint64_t servers = 0;
    uint64_t active_servers = 0;
};

std::vector<FileSystem> file_systems(const ClusterMap& map) {
    std::map<std::pair<HostId, uint64_t>, FileSystem> shared;
    std::vector<FileSystem> all;
    for (const Server& server : map) {
        const FileSystem own{server.host, server.total, server.free, 1, server.active ? 1U : 0U};
        if (server.filesystem == 0) {
            all.push_back(own);
            continue;
        }
        const auto [entry, made] = shared.emplace(std::pair(server.host, server.filesystem), own);
        if (made)
            continue;
        FileSystem& space = entry->second;
        space.total = std::max(space.total, own.total);
        space.free = std::min(space.free, own.free);
        space.servers++;
        space.active_servers += own.active_servers;
    }
    for (const auto& [key, space] : shared)
        all.push_back(space);
    return all;
}

// One place a host, or one a file system, as the failure domain asks.
template <class BytesOf, class ServersOf>
std::vector<Place> places_of(const std::vector<FileSystem>& all, bool by_host, BytesOf bytes_of,
                             ServersOf servers_of) {
    std::vector<Place> places;
    std::map<HostId, uint64_t> hosts;
    for (const FileSystem& space : all) {
        if (servers_of(space) == 0)
            continue;
        if (by_host)
            hosts[space.host] += bytes_of(space);
        else
            places.push_back(Place{bytes_of(space), servers_of(space)});
    }
    for (const auto& [host, bytes] : hosts)
        places.push_back(Place{bytes, 1});
    return places;
}

}  // namespace

Space space_of(const ClusterMap& map, const StorageAttributes& attributes, const Policy& policy) {
    Space space;
    for (const FileSystem& each : file_systems(map)) {
        space.total += each.total;
        space.free += each.active_servers == 0 ? 0 : each.free;
    }
    ClusterMap usable = map;
    if (policy.strict_tier)
        std::erase_if(usable, [&](const Server& s) { return s.tier != attributes.tier; });
    const std::vector<FileSystem> all = file_systems(usable);
    const bool by_host =
        attributes.failure_domain == FailureDomain::host && policy.strict_failure_domain;
    const auto room = [&](const FileSystem& each) {
        const uint64_t margin = each.total / 100 * policy.fill_margin_percent;
        return each.free > margin ? each.free - margin : 0;
    };
    space.allocatable = largest(
        places_of(all, by_host, room, [](const FileSystem& each) { return each.active_servers; }),
        attributes.replicas_norm);
    space.logical_total =
        largest(places_of(
                    all, by_host, [](const FileSystem& each) { return each.total; },
                    [](const FileSystem& each) { return each.servers; }),
                attributes.replicas_norm);
    return space;
}

}  // namespace cairn::placement
