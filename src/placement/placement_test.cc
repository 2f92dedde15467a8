// Placement: what must hold for every choice, and what the documents say of space.
#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "base/size.h"
#include "placement/allocatable.h"
#include "placement/choose.h"
#include "placement/sample.h"

namespace cairn::placement {
namespace {

class Stream {
  public:
    explicit Stream(uint64_t seed) : state_(seed) {}
    uint64_t below(uint64_t bound) { return mixed(state_++) % bound; }

  private:
    uint64_t state_;
};

Server server(uint32_t cs, uint64_t host, uint64_t free_gib, uint8_t tier = 0) {
    return Server{CsId(cs), HostId(host), tier, free_gib * gib, free_gib * gib, 0, 0, true};
}

Wanted wanted(uint32_t count, FailureDomain domain = FailureDomain::host, uint64_t seed = 1) {
    Wanted want;
    want.attributes.failure_domain = domain;
    want.attributes.replicas_norm = static_cast<uint8_t>(count);
    want.count = want.least = count;
    want.seed = seed;
    return want;
}

const Server& find(const ClusterMap& map, CsId cs) {
    return *std::ranges::find(map, cs, &Server::cs);
}

TEST(Choose, KeepsItsRulesOnRandomClusters) {
    Stream stream(1);
    for (int round = 0; round < 20'000; round++) {
        ClusterMap map;
        const uint64_t count = 1 + stream.below(20);
        for (uint64_t i = 0; i < count; i++) {
            Server each = server(static_cast<uint32_t>(1025 + i), 1 + stream.below(8),
                                 stream.below(100), static_cast<uint8_t>(stream.below(4)));
            each.total = 100 * gib;
            each.active = stream.below(10) != 0;
            each.filesystem = stream.below(3);
            map.push_back(each);
        }
        Wanted want = wanted(static_cast<uint32_t>(1 + stream.below(5)),
                             stream.below(2) == 0 ? FailureDomain::host : FailureDomain::disk,
                             stream.below(1000));
        want.least = static_cast<uint32_t>(1 + stream.below(want.count));
        want.attributes.tier = static_cast<uint8_t>(stream.below(4));
        want.existing = {CsId(static_cast<uint32_t>(1025 + stream.below(count)))};
        want.exclude = {CsId(static_cast<uint32_t>(1025 + stream.below(count)))};
        const Policy policy{5, stream.below(2) == 0, stream.below(2) == 0};
        const Chosen chosen = choose(map, want, policy);
        if (chosen.shortage) {
            EXPECT_TRUE(chosen.servers.empty());
            continue;
        }
        EXPECT_GE(chosen.servers.size(), want.least);
        EXPECT_LE(chosen.servers.size(), want.count);
        std::set<CsId> distinct(chosen.servers.begin(), chosen.servers.end());
        EXPECT_EQ(distinct.size(), chosen.servers.size());
        std::set<HostId> hosts;
        for (const CsId cs : chosen.servers) {
            const Server& at = find(map, cs);
            EXPECT_TRUE(at.active);
            EXPECT_GT(at.free, 5 * gib);
            EXPECT_NE(cs, want.existing[0]);
            EXPECT_NE(cs, want.exclude[0]);
            EXPECT_TRUE(at.tier == want.attributes.tier || !policy.strict_tier);
            hosts.insert(at.host);
        }
        if (want.attributes.failure_domain == FailureDomain::host && !chosen.shares_domain) {
            EXPECT_EQ(hosts.size(), chosen.servers.size());
            EXPECT_FALSE(hosts.contains(find(map, want.existing[0]).host));
        }
        EXPECT_TRUE(!chosen.shares_domain || !policy.strict_failure_domain);
        const Chosen again = choose(map, want, policy);
        EXPECT_EQ(again.servers, chosen.servers);
    }
}

TEST(Choose, DomainsAreStrictUnlessAdvisory) {
    const ClusterMap one_host{server(1025, 1, 100), server(1026, 1, 100), server(1027, 1, 100)};
    Chosen chosen = choose(one_host, wanted(2), {});
    ASSERT_TRUE(chosen.shortage.has_value());
    EXPECT_EQ(shortage_text(*chosen.shortage, "/f", Address{"10.0.0.9", 4000}),
              "Failed to allocate 2 replicas for '/f' by request from <10.0.0.9:4000> - 3 out of 3 "
              "chunks servers are available");
    EXPECT_EQ(shortage_advice(*chosen.shortage),
              "2 replicas are wanted on different hosts (failure-domain=host), and the 3 chunk "
              "servers with room stand on 1: add hosts, or set failure-domain=disk");
    chosen = choose(one_host, wanted(2), Policy{5, false, false});
    EXPECT_EQ(chosen.servers.size(), 2U);
    EXPECT_TRUE(chosen.shares_domain);
    chosen = choose(one_host, wanted(3, FailureDomain::disk), {});
    EXPECT_EQ(chosen.servers.size(), 3U);
    EXPECT_FALSE(chosen.shares_domain);
    chosen = choose(one_host, wanted(4, FailureDomain::disk), {});
    EXPECT_EQ(shortage_text(*chosen.shortage, "/f", Address{"10.0.0.9", 4000}),
              "Failed to allocate 4 replicas for '/f' by request from <10.0.0.9:4000> since only 3 "
              "chunk servers are registered");
}

TEST(Choose, FewerAreEnoughOnlyWhileServersAreAway) {
    ClusterMap map{server(1025, 1, 100), server(1026, 2, 100), server(1027, 3, 100)};
    Wanted want = wanted(3);
    want.least = 2;
    map[2].active = false;
    EXPECT_EQ(choose(map, want, {}).servers.size(), 2U);
    map[1].active = false;
    EXPECT_TRUE(choose(map, want, {}).shortage.has_value()) << "below the minimum";
    map[1].active = map[2].active = true;
    map[2].free = 2 * gib;
    const Chosen full = choose(map, want, {});
    ASSERT_TRUE(full.shortage.has_value()) << "a full server is no excuse";
    EXPECT_EQ(full.shortage->available, 2U);
    EXPECT_EQ(shortage_advice(*full.shortage),
              "3 replicas are wanted on different hosts (failure-domain=host), and the 2 chunk "
              "servers with room stand on 2: add hosts, or set failure-domain=disk");
    want.attributes.failure_domain = FailureDomain::disk;
    EXPECT_EQ(shortage_advice(*choose(map, want, {}).shortage),
              "3 replicas are wanted, and 2 of 3 chunk servers answer and have room: free or add "
              "space");
}

TEST(Choose, StopsAtTheFillMargin) {
    ClusterMap map{server(1025, 1, 100)};
    map[0].free = 5 * gib + mib;
    EXPECT_EQ(choose(map, wanted(1), {}).servers.size(), 1U);
    map[0].free = 5 * gib;
    EXPECT_TRUE(choose(map, wanted(1), {}).shortage.has_value());
    EXPECT_EQ(choose(map, wanted(1), Policy{2, true, false}).servers.size(), 1U);
    map[0].free = 2 * gib;
    EXPECT_TRUE(choose(map, wanted(1), Policy{2, true, false}).shortage.has_value());
}

TEST(Choose, TakesTheTierThenLowerThenHigherOnes) {
    ClusterMap map;
    for (uint32_t i = 0; i < 8; i++)
        map.push_back(server(1025 + i, 1 + i, 100, static_cast<uint8_t>(i / 2)));
    const auto tiers_of = [&](uint32_t count, uint8_t tier, const Policy& policy = {}) {
        Wanted want = wanted(count);
        want.attributes.tier = tier;
        std::multiset<int> tiers;
        for (const CsId cs : choose(map, want, policy).servers)
            tiers.insert(find(map, cs).tier);
        return tiers;
    };
    EXPECT_EQ(tiers_of(2, 2), (std::multiset{2, 2}));
    EXPECT_EQ(tiers_of(3, 2), (std::multiset{1, 2, 2}));
    EXPECT_EQ(tiers_of(6, 2), (std::multiset{0, 0, 1, 1, 2, 2}));
    EXPECT_EQ(tiers_of(7, 2), (std::multiset{0, 0, 1, 1, 2, 2, 3}));
    EXPECT_TRUE(tiers_of(3, 2, Policy{5, true, true}).empty());
    map[4].free = 0;
    EXPECT_EQ(tiers_of(2, 2), (std::multiset{1, 2}));
}

TEST(Choose, PrefersRoomAndIdleServers) {
    ClusterMap map{server(1025, 1, 100), server(1026, 2, 300), server(1027, 3, 100)};
    map[2].load = 64;
    std::map<CsId, int> times;
    for (uint64_t seed = 0; seed < 10'000; seed++)
        times[choose(map, wanted(1, FailureDomain::host, seed), {}).servers[0]]++;
    EXPECT_NEAR(times[CsId(1025)], 2222, 200);
    EXPECT_NEAR(times[CsId(1026)], 6667, 200);
    EXPECT_NEAR(times[CsId(1027)], 1111, 200);
}

TEST(Choose, LimitsTheScatter) {
    ClusterMap map;
    for (uint32_t i = 0; i < 60; i++)
        map.push_back(server(1025 + i, 1 + i / 2, 100));
    std::set<std::set<HostId>> sets;
    for (uint64_t seed = 0; seed < 30'000; seed++) {
        std::set<HostId> hosts;
        for (const CsId cs : choose(map, wanted(3, FailureDomain::host, seed), {}).servers)
            hosts.insert(find(map, cs).host);
        sets.insert(hosts);
    }
    // 30 equal hosts: at most 30 sets for each of 8 orders, of 4060 combinations.
    EXPECT_LE(sets.size(), 240U);
    EXPECT_GE(sets.size(), 60U) << "and recovery still spreads";
}

TEST(Sample, DrawsInProportion) {
    const std::vector<uint64_t> weights{10, 20, 30, 40, 100, 0};
    std::map<size_t, int> times;
    for (uint64_t seed = 0; seed < 20'000; seed++) {
        const auto drawn = sample(weights, 2, seed);
        ASSERT_EQ(drawn.size(), 2U);
        ASSERT_NE(drawn[0], drawn[1]);
        for (const size_t index : drawn)
            times[index]++;
    }
    EXPECT_EQ(times[4], 20'000) << "an even share of the rest: always";
    EXPECT_NEAR(times[3], 8000, 300);
    EXPECT_NEAR(times[0], 2000, 300);
    EXPECT_EQ(times[5], 0);
    EXPECT_EQ(sample(weights, 9, 1).size(), 5U);
    EXPECT_TRUE(sample({}, 2, 1).empty());
}

StorageAttributes replicas(uint8_t norm, FailureDomain domain = FailureDomain::host) {
    StorageAttributes attributes;
    attributes.replicas_norm = norm;
    attributes.failure_domain = domain;
    return attributes;
}

TEST(Allocatable, IsWhatTheDocumentsSay) {
    ClusterMap map{server(1025, 1, 200), server(1026, 2, 500), server(1027, 3, 1000)};
    Space space = space_of(map, replicas(3), {});
    EXPECT_EQ(space.logical_total, 200 * gib);
    EXPECT_EQ(size_text(space.allocatable), "190GB");
    EXPECT_EQ(space.total, 1700 * gib);
    space = space_of(map, replicas(2), {});
    EXPECT_EQ(space.logical_total, 700 * gib);
    EXPECT_EQ(space_of(map, replicas(1), {}).logical_total, 1700 * gib);
    EXPECT_EQ(space_of(map, replicas(4), {}).logical_total, 0U);
    // The first transcript: two servers of 125 GB, one replica: 237.5 GB of 250.
    const ClusterMap two{server(1025, 1, 125), server(1026, 2, 125)};
    EXPECT_NEAR(space_of(two, replicas(1), {}).allocatable, 2375 * gib / 10, 1000);
}

TEST(Allocatable, CountsASharedFileSystemOnce) {
    ClusterMap map{server(1025, 1, 90), server(1026, 1, 90), server(1027, 1, 90)};
    for (Server& each : map)
        each.filesystem = 77;
    Space space = space_of(map, replicas(2, FailureDomain::disk), {});
    EXPECT_EQ(space.total, 90 * gib);
    EXPECT_EQ(space.free, 90 * gib);
    EXPECT_EQ(space.logical_total, 45 * gib);
    EXPECT_EQ(space_of(map, replicas(2), {}).logical_total, 0U) << "one host";
    EXPECT_EQ(space_of(map, replicas(2), Policy{5, false, false}).logical_total, 45 * gib);
    map[0].active = false;
    EXPECT_EQ(space_of(map, replicas(3, FailureDomain::disk), {}).allocatable, 0U);
}

TEST(Allocatable, AStrictTierCountsAlone) {
    const ClusterMap map{server(1025, 1, 100, 0), server(1026, 2, 300, 1)};
    StorageAttributes attributes = replicas(1);
    attributes.tier = 1;
    EXPECT_EQ(space_of(map, attributes, Policy{5, true, true}).logical_total, 300 * gib);
    EXPECT_EQ(space_of(map, attributes, {}).logical_total, 400 * gib);
}

// What `allocatable` promises can be placed to the end, within a percent or two.
TEST(Allocatable, CanBeUsedToTheEnd) {
    for (const uint32_t count : {1U, 2U, 3U}) {
        ClusterMap map{server(1025, 1, 200), server(1026, 2, 500), server(1027, 3, 1000),
                       server(1028, 4, 300), server(1029, 5, 40)};
        const uint64_t promised =
            space_of(map, replicas(static_cast<uint8_t>(count)), {}).allocatable;
        uint64_t placed = 0;
        for (uint64_t seed = 0;; seed++) {
            const Chosen chosen = choose(map, wanted(count, FailureDomain::host, seed), {});
            if (chosen.shortage)
                break;
            for (const CsId cs : chosen.servers)
                std::ranges::find(map, cs, &Server::cs)->free -= 256 * mib;
            placed += 256 * mib;
        }
        EXPECT_GE(placed, promised / 100 * 98) << count << " replicas";
        EXPECT_LE(placed, promised + count * gib);
    }
}

}  // namespace
}  // namespace cairn::placement
