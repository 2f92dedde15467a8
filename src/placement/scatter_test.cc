// How many different sets hold data together, by the number of servers: losing all servers of one
// set at once loses what it holds. The numbers are those of docs/design/catalogue.md.
#include <algorithm>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "placement/choose.h"

namespace cairn::placement {
namespace {

constexpr uint64_t chunks = 20'000;

using ServerSet = std::set<CsId>;

// One a host, equally full.
ClusterMap equal_servers(uint32_t count) {
    ClusterMap map;
    for (uint32_t i = 0; i < count; i++) {
        Server server;
        server.cs = CsId(1025 + i);
        server.host = HostId(0x1000 + i);
        server.total = uint64_t{4} << 40;
        server.free = uint64_t{2} << 40;
        map.push_back(server);
    }
    return map;
}

Wanted wanted(uint64_t chunk, uint32_t count) {
    Wanted wanted;
    wanted.attributes.replicas_norm = 3;
    wanted.count = wanted.least = count;
    wanted.seed = IdHash{}(ChunkId(chunk));
    return wanted;
}

std::vector<ServerSet> placed(const ClusterMap& map) {
    std::vector<ServerSet> sets;
    for (uint64_t chunk = 1; chunk <= chunks; chunk++) {
        const Chosen chosen = choose(map, wanted(chunk, 3), {});
        sets.emplace_back(chosen.servers.begin(), chosen.servers.end());
    }
    return sets;
}

size_t different(const std::vector<ServerSet>& sets) {
    return std::set<ServerSet>(sets.begin(), sets.end()).size();
}

// Servers that hold something together with this one.
size_t partners(const std::vector<ServerSet>& sets, CsId cs) {
    ServerSet partners;
    for (const ServerSet& set : sets) {
        if (set.contains(cs))
            partners.insert(set.begin(), set.end());
    }
    return partners.size() - 1;
}

class Scatter : public testing::TestWithParam<uint32_t> {};

TEST_P(Scatter, SetsGrowWithTheServersNotWithTheirCombinations) {
    const uint32_t servers = GetParam();
    const std::vector<ServerSet> sets = placed(equal_servers(servers));
    size_t least = SIZE_MAX;
    size_t most = 0;
    for (uint32_t i = 0; i < servers; i++) {
        const size_t now = partners(sets, CsId(1025 + i));
        least = std::min(least, now);
        most = std::max(most, now);
    }
    fmt::print("{} servers: {} sets, {} to {} partners\n", servers, different(sets), least, most);
    EXPECT_LE(different(sets), size_t{8} * servers);
    EXPECT_LE(most, 32U) << "four in each of eight orders, where three does not divide";
    EXPECT_GE(least, std::min<size_t>(servers - 1, 9)) << "a dead one is read from many";
}

// Recovery draws one of all that are left, so that all disks take part: the sets become more.
TEST_P(Scatter, RecoveryOfOneServerMakesMoreSetsButFarFromAll) {
    const uint32_t servers = GetParam();
    ClusterMap map = equal_servers(servers);
    std::vector<ServerSet> sets = placed(map);
    const size_t before = different(sets);
    const CsId dead(1025 + servers / 2);
    std::erase_if(map, [dead](const Server& server) { return server.cs == dead; });
    std::map<CsId, uint64_t> taken;
    for (uint64_t chunk = 1; chunk <= chunks; chunk++) {
        ServerSet& set = sets[chunk - 1];
        if (set.erase(dead) == 0)
            continue;
        Wanted another = wanted(chunk, 1);
        another.existing.assign(set.begin(), set.end());
        const Chosen chosen = choose(map, another, {});
        ASSERT_EQ(chosen.servers.size(), 1U);
        set.insert(chosen.servers.front());
        taken[chosen.servers.front()]++;
    }
    fmt::print("{} servers: {} sets before, {} after, onto {} servers\n", servers, before,
               different(sets), taken.size());
    EXPECT_GE(taken.size(), (servers - 1) * 9 / 10) << "all disks take part";
    // A set of the dead one may become any that has the other two.
    EXPECT_LE(different(sets), before + size_t{24} * (servers - 3));
}

INSTANTIATE_TEST_SUITE_P(Servers, Scatter, testing::Values(10, 30, 100));

}  // namespace
}  // namespace cairn::placement
