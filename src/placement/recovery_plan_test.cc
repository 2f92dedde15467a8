#include "placement/recovery_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::placement {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Six servers on three hosts, 1025 to 1030, two on each.
ClusterMap six_servers() {
    ClusterMap map;
    for (uint32_t i = 0; i < 6; i++) {
        Server server;
        server.cs = CsId(1025 + i);
        server.host = HostId(1 + i / 2);
        server.total = uint64_t{1} << 40;
        server.free = uint64_t{1} << 39;
        map.push_back(server);
    }
    return map;
}

ShortChunk chunk_on(uint64_t id, std::vector<CsId> pieces, FailureDomain domain) {
    ShortChunk chunk;
    chunk.chunk = ChunkId(id);
    chunk.attributes.replicas_norm = 3;
    chunk.attributes.replicas_min = 2;
    chunk.attributes.failure_domain = domain;
    chunk.in_sync = static_cast<uint32_t>(pieces.size());
    chunk.pieces = std::move(pieces);
    return chunk;
}

std::vector<uint64_t> order_of(const RecoveryPlan& plan) {
    std::vector<uint64_t> chunks;
    for (const RecoveryStep& step : plan.steps)
        chunks.push_back(step.chunk.number);
    return chunks;
}

TEST(RecoveryPlan, NewReplicasStandInDomainsOfTheirOwn) {
    const ClusterMap map = six_servers();
    for (uint64_t id = 1; id < 100; id++) {
        const RecoveryPlan plan = plan_recovery(
            map, {}, {chunk_on(id, {CsId(1025), CsId(1028)}, FailureDomain::host)}, {}, {}, 7);
        ASSERT_THAT(plan.steps, SizeIs(1));
        EXPECT_GE(plan.steps[0].target, CsId(1029)) << "the third host";
    }
}

TEST(RecoveryPlan, WhatOnlyBalancesComesLast) {
    const FailureDomain disk = FailureDomain::disk;
    std::vector<ShortChunk> chunks{chunk_on(1, {CsId(1025), CsId(1026)}, disk),
                                   chunk_on(2, {CsId(1025), CsId(1026)}, disk),
                                   chunk_on(3, {CsId(1025), CsId(1026)}, disk)};
    chunks[0].moves = chunks[0].balances = true;
    chunks[1].moves = true;
    const RecoveryPlan plan = plan_recovery(six_servers(), {}, chunks, {}, {}, 7);
    EXPECT_THAT(order_of(plan), ElementsAre(3, 2, 1));
}

TEST(RecoveryPlan, BlockedOnesFirstThenTheFewestReplicasThenTheOldest) {
    const FailureDomain disk = FailureDomain::disk;
    std::vector<ShortChunk> chunks{
        chunk_on(1, {CsId(1025), CsId(1026)}, disk), chunk_on(2, {CsId(1025), CsId(1026)}, disk),
        chunk_on(3, {CsId(1025)}, disk), chunk_on(4, {CsId(1026)}, disk)};
    chunks[3].attributes.replicas_min = 1;
    EXPECT_THAT(order_of(plan_recovery(six_servers(), {}, chunks, {}, {}, 7)),
                ElementsAre(3, 4, 1, 2));
}

TEST(RecoveryPlan, WorkIsSpreadAndBounded) {
    std::vector<ShortChunk> chunks;
    for (uint64_t id = 1; id <= 100; id++)
        chunks.push_back(chunk_on(id, {CsId(1025), CsId(1026)}, FailureDomain::disk));
    RecoveryPlan plan = plan_recovery(six_servers(), {}, chunks, {}, {.per_server = 2}, 7);
    std::map<CsId, size_t> onto;
    for (const RecoveryStep& step : plan.steps)
        onto[step.target]++;
    EXPECT_THAT(plan.steps, SizeIs(8)) << "four servers take two each";
    for (const auto& [cs, copies] : onto)
        EXPECT_EQ(copies, 2U) << cs.number;
    EXPECT_THAT(plan.nowhere, IsEmpty()) << "the others wait for their turn";
    plan = plan_recovery(six_servers(), {}, chunks, {{CsId(1027), 2}, {CsId(1028), 1}},
                         {.at_once = 5, .per_server = 2}, 7);
    EXPECT_THAT(plan.steps, SizeIs(2)) << "three are under way";
    for (const RecoveryStep& step : plan.steps)
        EXPECT_NE(step.target, CsId(1027));
}

TEST(RecoveryPlan, WhereThereIsNoPlaceItSaysSo) {
    const ShortChunk chunk = chunk_on(1, {CsId(1025), CsId(1027), CsId(1029)}, FailureDomain::host);
    RecoveryPlan plan = plan_recovery(six_servers(), {}, {chunk}, {}, {}, 7);
    EXPECT_THAT(plan.steps, IsEmpty());
    EXPECT_THAT(plan.nowhere, ElementsAre(ChunkId(1)));
    // Nor where those that are left did not manage.
    ShortChunk tried = chunk_on(2, {CsId(1025), CsId(1027)}, FailureDomain::host);
    tried.avoid = {CsId(1029), CsId(1030)};
    plan = plan_recovery(six_servers(), {}, {tried}, {}, {}, 7);
    EXPECT_THAT(plan.nowhere, ElementsAre(ChunkId(2)));
}

TEST(RecoveryPlan, MovesComeLastAndOnlyToBetterPlaces) {
    ShortChunk moved = chunk_on(1, {CsId(1025)}, FailureDomain::host);
    moved.moves = true;
    moved.in_sync = 2;
    const ShortChunk lacking = chunk_on(2, {CsId(1025), CsId(1027)}, FailureDomain::host);
    RecoveryPlan plan = plan_recovery(six_servers(), {}, {moved, lacking}, {}, {}, 7);
    EXPECT_THAT(order_of(plan), ElementsAre(2, 1));
    // No server has that tier: it stays where it is, and nobody misses anything.
    moved.attributes.tier = 3;
    plan = plan_recovery(six_servers(), {}, {moved}, {}, {}, 7);
    EXPECT_THAT(plan.steps, IsEmpty());
    EXPECT_THAT(plan.nowhere, IsEmpty());
}

}  // namespace
}  // namespace cairn::placement
