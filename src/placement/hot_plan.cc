#include "placement/hot_plan.h"

#include <algorithm>
#include <tuple>

namespace cairn::placement {

namespace {

constexpr uint64_t hot_percent = 140;  // of the average
constexpr uint32_t hot_least_tenths = 10;

const Server* find(const ClusterMap& map, CsId cs) {
    const auto at = std::ranges::find(map, cs, &Server::cs);
    return at == map.end() ? nullptr : &*at;
}

// Never two on one host where hosts are the domain, strict or not.
bool keeps_domains(const ClusterMap& map, const Server& to, CsId from, const BalancedChunk& chunk) {
    return std::ranges::none_of(chunk.pieces, [&](CsId piece) {
        if (piece == from)
            return false;
        const Server* holder = find(map, piece);
        return piece == to.cs || holder == nullptr ||
               (chunk.domain == FailureDomain::host && holder->host == to.host);
    });
}

}  // namespace

std::vector<ServerLoad> hot_servers(std::vector<ServerLoad> loads) {
    uint64_t sum = 0;
    for (const ServerLoad& load : loads)
        sum += load.depth_tenths;
    const uint64_t servers = loads.size();
    std::erase_if(loads, [&](const ServerLoad& load) {
        return load.depth_tenths < hot_least_tenths ||
               load.depth_tenths * servers * 100 < sum * hot_percent;
    });
    std::ranges::sort(loads, [](const ServerLoad& a, const ServerLoad& b) {
        return std::tuple(b.depth_tenths, a.cs) < std::tuple(a.depth_tenths, b.cs);
    });
    return loads;
}

std::optional<CsId> cooler_server(const ClusterMap& map, const Policy& policy,
                                  const std::vector<ServerLoad>& loads, CsId from,
                                  const BalancedChunk& chunk, uint32_t share_permille) {
    const Server* hot = find(map, from);
    const auto own = std::ranges::find(loads, from, &ServerLoad::cs);
    if (hot == nullptr || own == loads.end())
        return std::nullopt;
    const uint64_t moved = uint64_t{own->depth_tenths} * share_permille / 1000;
    const std::vector<Room> rooms = rooms_of(map, policy);
    std::optional<CsId> coolest;
    uint32_t shortest = 0;
    for (const ServerLoad& load : loads) {
        const Server* server = find(map, load.cs);
        if (server == nullptr || load.cs == from || !server->active || server->tier != hot->tier ||
            rooms[static_cast<size_t>(server - map.data())].share < chunk.bytes ||
            !keeps_domains(map, *server, from, chunk))
            continue;
        const bool helps = load.depth_tenths + moved <= own->depth_tenths;
        if (helps && (!coolest || load.depth_tenths < shortest)) {
            coolest = load.cs;
            shortest = load.depth_tenths;
        }
    }
    return coolest;
}

}  // namespace cairn::placement
