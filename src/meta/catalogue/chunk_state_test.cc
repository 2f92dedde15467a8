// Every documented chunk state by its one rule.
#include "meta/catalogue/chunk_state.h"

#include <gtest/gtest.h>

namespace cairn::meta {
namespace {

constexpr CsId a(1025);
constexpr CsId b(1026);
constexpr CsId c(1027);
constexpr CsId d(1028);

Chunk chunk_on(const std::vector<CsId>& servers, const std::vector<CsId>& joining = {}) {
    Chunk chunk;
    chunk.version = Version(1);
    for (const CsId cs : servers)
        chunk.pieces.add(ChunkPiece{cs, Version(1), PieceState::in_sync, false});
    for (const CsId cs : joining)
        chunk.pieces.add(ChunkPiece{cs, Version(1), PieceState::joining, false});
    return chunk;
}

CsActivities with(const std::vector<CsId>& active, const std::vector<CsId>& inactive = {}) {
    CsActivities activities;
    for (const CsId cs : active)
        activities[cs] = CsActivity::active;
    for (const CsId cs : inactive)
        activities[cs] = CsActivity::inactive;
    return activities;
}

ChunkState state(const Chunk& chunk, const CsActivities& activities, bool comparing = false) {
    return chunk_state(chunk, comparing, ChunkNeeds{3, 2}, activities);
}

TEST(ChunkState, FollowsItsRules) {
    const CsActivities all = with({a, b, c, d});
    EXPECT_EQ(state(chunk_on({a, b, c}), all), ChunkState::healthy);
    EXPECT_EQ(state(chunk_on({a, b, c, d}), all), ChunkState::overcommitted);
    EXPECT_EQ(state(chunk_on({a, b}), all), ChunkState::degraded);
    EXPECT_EQ(state(chunk_on({a, b}, {c}), all), ChunkState::degraded);
    EXPECT_EQ(state(chunk_on({a}), all), ChunkState::blocked);
    EXPECT_EQ(state(chunk_on({a}, {b}), all), ChunkState::pending);
    EXPECT_EQ(state(chunk_on({a, b, c}), all, true), ChunkState::replicating);
    EXPECT_EQ(state(chunk_on({a, b, c}), with({a, b}, {c})), ChunkState::standby);
    EXPECT_EQ(state(chunk_on({a, b, c}), with({a, b})), ChunkState::degraded);
    EXPECT_EQ(state(chunk_on({a, b, c}), with({a}, {b, c})), ChunkState::blocked);
    EXPECT_EQ(state(chunk_on({a, b, c}), with({}, {a, b, c})), ChunkState::offline);
    EXPECT_EQ(state(chunk_on({a, b, c}), with({}), true), ChunkState::offline);
    EXPECT_EQ(state(chunk_on({a}, {b}), with({a}, {b})), ChunkState::blocked);
}

TEST(ChunkState, AWriteMakesADegradedChunkUrgent) {
    Chunk chunk = chunk_on({a, b});
    chunk.marked = true;
    EXPECT_EQ(state(chunk, with({a, b, c})), ChunkState::urgent);
    chunk.pieces.add(ChunkPiece{c, Version(1), PieceState::in_sync, false});
    EXPECT_EQ(state(chunk, with({a, b, c})), ChunkState::healthy);
}

TEST(ChunkState, HasTheDocumentsNames) {
    EXPECT_EQ(name_of(ChunkState::healthy), "healthy");
    EXPECT_EQ(name_of(ChunkState::urgent), "urgent");
    EXPECT_EQ(name_of(ChunkState::overcommitted), "overcommitted");
    EXPECT_EQ(name_of(ChunkState::unused), "void");
}

}  // namespace
}  // namespace cairn::meta
