#include "placement/balance_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::placement {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t gib = uint64_t{1} << 30;
constexpr uint64_t disk = 1000 * gib;

// From 1025 on, each on a host of its own, filled to so many thousandths.
ClusterMap filled(const std::vector<uint64_t>& fills) {
    ClusterMap map;
    for (size_t i = 0; i < fills.size(); i++) {
        Server server;
        server.cs = CsId(1025 + i);
        server.host = HostId(1 + i);
        server.total = disk;
        server.free = disk - disk / 1000 * fills[i];
        map.push_back(server);
    }
    return map;
}

Balance balance(const ClusterMap& map, std::set<uint8_t> moving = {},
                const std::vector<Shift>& shifts = {}) {
    return Balance(map, {}, shifts, moving);
}

BalancedChunk on(std::vector<CsId> pieces, uint64_t bytes = gib) {
    BalancedChunk chunk;
    chunk.pieces = std::move(pieces);
    chunk.bytes = bytes;
    return chunk;
}

TEST(BalanceTest, NothingMovesWithinTheThreshold) {
    const ClusterMap map = filled({300, 340, 260, 300});
    EXPECT_THAT(balance(map).unbalanced(), IsEmpty());
    EXPECT_THAT(balance(map).givers(), IsEmpty());
    EXPECT_EQ(balance(map).taker(CsId(1026), on({CsId(1026)})), std::nullopt);
}

TEST(BalanceTest, AnEmptyServerTakesFromTheFullest) {
    const ClusterMap map = filled({310, 330, 290, 0});
    const Balance found = balance(map);
    EXPECT_THAT(found.unbalanced(), ElementsAre(0));
    EXPECT_THAT(found.givers(), ElementsAre(CsId(1026), CsId(1025), CsId(1027)));
    EXPECT_EQ(found.taker(CsId(1026), on({CsId(1025), CsId(1026)})), CsId(1028));
}

TEST(BalanceTest, WhatHasBegunGoesOnUntilItIsNearlyEven) {
    const ClusterMap map = filled({320, 320, 320, 280});
    EXPECT_THAT(balance(map).unbalanced(), IsEmpty());
    EXPECT_THAT(balance(map, {0}).unbalanced(), ElementsAre(0));
    EXPECT_EQ(balance(map, {0}).taker(CsId(1025), on({CsId(1025)})), CsId(1028));
    const ClusterMap even = filled({310, 310, 310, 295});
    EXPECT_THAT(balance(even, {0}).unbalanced(), IsEmpty());
}

TEST(BalanceTest, DomainsAndOtherReplicasAreInTheWay) {
    ClusterMap map = filled({300, 300, 100, 0});
    map[3].host = map[0].host;
    // The emptiest stands on the host of another replica.
    EXPECT_EQ(balance(map).taker(CsId(1026), on({CsId(1025), CsId(1026)})), CsId(1027));
    // But on the host of the one that moves it may.
    EXPECT_EQ(balance(map).taker(CsId(1025), on({CsId(1025), CsId(1026)})), CsId(1028));
    BalancedChunk by_disk = on({CsId(1025), CsId(1026)});
    by_disk.domain = FailureDomain::disk;
    EXPECT_EQ(balance(map).taker(CsId(1026), by_disk), CsId(1028));
    by_disk.pieces.push_back(CsId(1028));
    EXPECT_EQ(balance(map).taker(CsId(1026), by_disk), CsId(1027));
    // Two on three hosts that all hold one: it stays.
    EXPECT_EQ(balance(map).taker(CsId(1026), on({CsId(1025), CsId(1026), CsId(1027)})),
              std::nullopt);
}

TEST(BalanceTest, TheTargetNeverBecomesTheFullerOne) {
    const ClusterMap map = filled({120, 0});
    EXPECT_EQ(balance(map).taker(CsId(1025), on({CsId(1025)}, 60 * gib)), CsId(1026));
    EXPECT_EQ(balance(map).taker(CsId(1025), on({CsId(1025)}, 61 * gib)), std::nullopt);
    EXPECT_EQ(balance(map).taker(CsId(1025), on({CsId(1025)}, 200 * gib)), std::nullopt);
}

TEST(BalanceTest, WhatIsOnItsWayCounts) {
    const ClusterMap map = filled({120, 0});
    const std::vector<Shift> shifts{{CsId(1025), CsId(1026), 50 * gib}};
    EXPECT_THAT(balance(map, {0}, shifts).unbalanced(), IsEmpty());
    EXPECT_THAT(balance(map, {0}).unbalanced(), ElementsAre(0));
}

TEST(BalanceTest, TiersAreApart) {
    ClusterMap map = filled({500, 500, 0, 0});
    map[2].tier = map[3].tier = 1;
    EXPECT_THAT(balance(map).unbalanced(), IsEmpty());
    map[2].free = 0;
    EXPECT_THAT(balance(map).unbalanced(), ElementsAre(1));
    EXPECT_THAT(balance(map).givers(), ElementsAre(CsId(1027)));
}

TEST(BalanceTest, ServersOfOneFileSystemAreOne) {
    ClusterMap map = filled({300, 300, 300});
    for (Server& server : map) {
        server.host = HostId(1);
        server.filesystem = 7;
    }
    EXPECT_THAT(balance(map).unbalanced(), IsEmpty());
    // Another host with nothing: each of the three may give, to it alone.
    const ClusterMap other = filled({300, 300, 300, 0});
    map.push_back(other[3]);
    EXPECT_THAT(balance(map).unbalanced(), ElementsAre(0));
    EXPECT_EQ(balance(map).fill(CsId(1025)), 300);
    EXPECT_EQ(balance(map).taker(CsId(1025), on({CsId(1025)})), CsId(1028));
    // One file system counts once: the average of two is 150.
    map[3].free = disk - disk / 1000 * 205;
    EXPECT_THAT(balance(map).unbalanced(), IsEmpty());
}

TEST(BalanceTest, FillIsAShareNotAnAmount) {
    ClusterMap map = filled({500, 500});
    map[1].total = disk / 10;
    map[1].free = disk / 20;
    EXPECT_THAT(balance(map).unbalanced(), IsEmpty());
}

TEST(BalanceTest, WhoDoesNotAnswerHasNoPart) {
    ClusterMap map = filled({300, 300, 0});
    map[2].active = false;
    EXPECT_THAT(balance(map).unbalanced(), IsEmpty());
    EXPECT_EQ(balance(map).fill(CsId(1027)), 1000);
    // A chunk of which one replica stands where nobody answers stays where it is.
    const ClusterMap moved = filled({300, 300, 0});
    EXPECT_EQ(balance(moved).taker(CsId(1025), on({CsId(1025), CsId(1099)})), std::nullopt);
}

// Whatever fills it begins with, it ends, and then all are about even.
TEST(BalanceTest, ItEnds) {
    for (uint64_t seed = 1; seed <= 50; seed++) {
        std::vector<uint64_t> fills;
        for (uint64_t i = 0; i < 4 + seed % 7; i++)
            fills.push_back((seed * 7919 + i * i * 104'729) % 900);
        ClusterMap map = filled(fills);
        std::set<uint8_t> moving;
        uint64_t moves = 0;
        while (true) {
            const Balance found = balance(map, moving);
            moving = found.unbalanced();
            if (moving.empty())
                break;
            ASSERT_FALSE(found.givers().empty());
            const CsId from = found.givers().front();
            const std::optional<CsId> to = found.taker(from, on({from}));
            ASSERT_TRUE(to.has_value()) << seed;
            map[from.number - 1025].free += gib;
            map[to->number - 1025].free -= gib;
            ASSERT_LT(++moves, 10'000U);
        }
        EXPECT_THAT(balance(map, {0}).unbalanced(), IsEmpty());
    }
}

}  // namespace
}  // namespace cairn::placement
