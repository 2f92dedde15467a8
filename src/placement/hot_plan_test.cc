#include "placement/hot_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::placement {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<ServerLoad> loads(const std::vector<uint32_t>& tenths) {
    std::vector<ServerLoad> list;
    for (size_t i = 0; i < tenths.size(); i++)
        list.push_back({CsId(1025 + i), tenths[i]});
    return list;
}

std::vector<uint64_t> hot(const std::vector<uint32_t>& tenths) {
    std::vector<uint64_t> list;
    for (const ServerLoad& load : hot_servers(loads(tenths)))
        list.push_back(load.cs.number);
    return list;
}

TEST(HotServers, AreFortyPercentAboveTheAverage) {
    EXPECT_THAT(hot({100, 100, 100, 100}), IsEmpty());
    // Averages of 100: 140 is hot, 139 is not.
    EXPECT_THAT(hot({140, 60}), ElementsAre(1025));
    EXPECT_THAT(hot({139, 61}), IsEmpty());
    EXPECT_THAT(hot({0, 50, 200, 10, 300}), ElementsAre(1029, 1027));
    EXPECT_THAT(hot({}), IsEmpty());
}

TEST(HotServers, HaveAQueueAtAll) {
    EXPECT_THAT(hot({9, 0, 0}), IsEmpty());
    EXPECT_THAT(hot({10, 0, 0}), ElementsAre(1025));
}

// One a host, from 1025 on.
ClusterMap servers(size_t count) {
    ClusterMap map;
    for (size_t i = 0; i < count; i++) {
        Server server;
        server.cs = CsId(1025 + i);
        server.host = HostId(1 + i);
        server.total = uint64_t{1} << 40;
        server.free = uint64_t{1} << 39;
        map.push_back(server);
    }
    return map;
}

BalancedChunk on(std::vector<CsId> pieces) {
    BalancedChunk chunk;
    chunk.pieces = std::move(pieces);
    chunk.bytes = 256 << 20;
    return chunk;
}

TEST(CoolerServer, IsTheOneWithTheShortestQueueThatMayHoldIt) {
    ClusterMap map = servers(4);
    const auto queues = loads({200, 20, 5, 10});
    const BalancedChunk chunk = on({CsId(1025), CsId(1026)});
    const auto to = [&] {
        return cooler_server(map, {}, queues, CsId(1025), chunk, 500);
    };
    EXPECT_EQ(to(), CsId(1027));
    map[2].host = map[1].host;
    EXPECT_EQ(to(), CsId(1028)) << "the other one's host has a replica";
    map[2].host = HostId(9);
    map[2].tier = 1;
    EXPECT_EQ(to(), CsId(1028)) << "another tier";
    map[2].tier = 0;
    map[2].free = map[2].total / 20;
    EXPECT_EQ(to(), CsId(1028)) << "full";
    map[3].active = false;
    EXPECT_EQ(to(), std::nullopt);
}

TEST(CoolerServer, DoesNotBecomeTheHotOne) {
    const ClusterMap map = servers(3);
    const BalancedChunk chunk = on({CsId(1025)});
    // 60 of 100 would go: the other would have 110.
    EXPECT_EQ(cooler_server(map, {}, loads({100, 50, 90}), CsId(1025), chunk, 600), std::nullopt);
    EXPECT_EQ(cooler_server(map, {}, loads({100, 50, 90}), CsId(1025), chunk, 500), CsId(1026));
    // All of its load, onto an idle one.
    EXPECT_EQ(cooler_server(map, {}, loads({100, 0, 90}), CsId(1025), chunk, 1000), CsId(1026));
}

}  // namespace
}  // namespace cairn::placement
