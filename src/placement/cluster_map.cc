#include "placement/cluster_map.h"

#include <algorithm>
#include <map>
#include <utility>

namespace cairn::placement {

namespace {

struct SharedSpace {
    uint64_t total = 0;
    uint64_t free = UINT64_MAX;
    uint64_t servers = 0;
};

}  // namespace

std::vector<Room> rooms_of(const ClusterMap& servers, const Policy& policy) {
    // A server that names no file system has one of its own.
    std::map<std::pair<HostId, uint64_t>, SharedSpace> shared;
    for (const Server& server : servers) {
        if (server.filesystem == 0)
            continue;
        SharedSpace& space = shared[{server.host, server.filesystem}];
        space.total = std::max(space.total, server.total);
        space.free = std::min(space.free, server.free);
        space.servers++;
    }
    std::vector<Room> rooms;
    for (const Server& server : servers) {
        SharedSpace space{server.total, server.free, 1};
        if (server.filesystem != 0)
            space = shared[{server.host, server.filesystem}];
        const uint64_t margin = space.total / 100 * policy.fill_margin_percent;
        const uint64_t room = space.free > margin ? space.free - margin : 0;
        rooms.push_back(Room{room / space.servers, room != 0});
    }
    return rooms;
}

}  // namespace cairn::placement
