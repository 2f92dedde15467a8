#include "client/fan_out.h"

#include <gtest/gtest.h>

namespace cairn::client {
namespace {

constexpr CsId a(1025), b(1026), c(1027);

ChunkMap map_of(uint32_t version, std::vector<Piece> pieces) {
    ChunkMap map;
    map.chunk = ChunkId(7);
    map.version = Version(version);
    map.pieces = std::move(pieces);
    return map;
}

Piece in_sync(CsId cs, uint32_t since = 1) {
    return {cs, PieceState::in_sync, Version(since), 0};
}
Piece joining(CsId cs, uint32_t since) {
    return {cs, PieceState::joining, Version(since), 0};
}

TEST(FanOut, CompletesWhenEveryPieceAnswered) {
    const Rules rules;
    FanOut write(map_of(1, {in_sync(a), in_sync(b)}), 2, true, rules);
    EXPECT_EQ(write.to_send(), (std::vector<CsId>{a, b}));
    EXPECT_TRUE(write.to_send().empty());
    write.answered(a, Version(1));
    EXPECT_FALSE(write.complete());
    write.answered(b, Version(1));
    EXPECT_TRUE(write.complete());
}

TEST(FanOut, IsDurableWhereAllThatCountSaySo) {
    const Rules rules;
    FanOut write(map_of(1, {in_sync(a), in_sync(b)}), 1, true, rules);
    write.to_send();
    write.answered(a, Version(1), true);
    EXPECT_FALSE(write.durable());
    write.answered(b, Version(1), false);
    EXPECT_TRUE(write.complete());
    EXPECT_FALSE(write.durable());
    // One that left need not have it; one that joined anew has to say so again.
    write.take_map(map_of(2, {in_sync(a)}), 1);
    EXPECT_TRUE(write.complete());
    EXPECT_TRUE(write.durable());
    write.take_map(map_of(3, {joining(a, 3)}), 0);
    EXPECT_EQ(write.to_send(), std::vector<CsId>{a});
    write.answered(a, Version(3), false);
    EXPECT_FALSE(write.durable());
}

TEST(FanOut, GoesOnWithoutAPieceThatLeft) {
    const Rules rules;
    FanOut write(map_of(1, {in_sync(a), in_sync(b), in_sync(c)}), 2, true, rules);
    write.to_send();
    write.answered(a, Version(1));
    write.answered(b, Version(1));
    write.failed(c, Version(1));
    EXPECT_FALSE(write.complete());
    write.take_map(map_of(2, {in_sync(a), in_sync(b)}), 2);
    EXPECT_TRUE(write.complete());
}

TEST(FanOut, WaitsBelowTheMinimum) {
    const Rules rules;
    FanOut write(map_of(1, {in_sync(a), in_sync(b)}), 2, true, rules);
    write.to_send();
    write.answered(a, Version(1));
    write.take_map(map_of(2, {in_sync(a)}), 2);
    EXPECT_TRUE(write.below_minimum());
    EXPECT_FALSE(write.complete());
}

TEST(FanOut, ACompletedJoinCountsUnderTheSameVersion) {
    const Rules rules;
    FanOut write(map_of(3, {in_sync(a), joining(b, 3)}), 2, true, rules);
    write.to_send();
    write.answered(a, Version(3));
    write.answered(b, Version(3));
    EXPECT_FALSE(write.complete());
    write.take_map(map_of(3, {in_sync(a), in_sync(b, 3)}), 2);
    EXPECT_TRUE(write.complete());
}

// R0 answers, leaves, and rejoins as a copy of R2, which the write had not reached.
TEST(FanOut, AnAnswerFromBeforeAJoinDoesNotCount) {
    const auto run = [](const Rules& rules) {
        FanOut write(map_of(1, {in_sync(a), in_sync(b)}), 1, true, rules);
        write.to_send();
        write.answered(a, Version(1));
        write.take_map(map_of(3, {joining(a, 3), in_sync(b)}), 1);
        write.answered(b, Version(1));
        return write.complete();
    };
    EXPECT_FALSE(run(Rules{}));
    EXPECT_TRUE(run(Rules{.void_old_answers = false}));
}

TEST(FanOut, AnAnswerThatComesAfterTheNewMapDoesNotCountEither) {
    const Rules rules;
    FanOut write(map_of(1, {in_sync(a), in_sync(b)}), 1, true, rules);
    write.to_send();
    write.take_map(map_of(3, {in_sync(a, 3), in_sync(b)}), 1);
    write.answered(a, Version(1));
    write.answered(b, Version(1));
    EXPECT_FALSE(write.complete());
    EXPECT_EQ(write.to_send(), std::vector<CsId>{a});
    write.answered(a, Version(3));
    EXPECT_TRUE(write.complete());
}

TEST(FanOut, AFlushMayOrMayNotWaitForJoiners) {
    const Rules rules;
    const ChunkMap map = map_of(2, {in_sync(a), joining(b, 2)});
    FanOut flush(map, 1, true, rules);
    EXPECT_EQ(flush.to_send(), (std::vector<CsId>{a, b}));
    FanOut hasty(map, 1, false, rules);
    EXPECT_EQ(hasty.to_send(), std::vector<CsId>{a});
}

TEST(FanOut, RefusedUnderAnOlderMapIsSentAgainUnderTheNewer) {
    const Rules rules;
    FanOut write(map_of(1, {in_sync(a)}), 1, true, rules);
    write.to_send();
    write.take_map(map_of(2, {in_sync(a)}), 1);
    EXPECT_TRUE(write.to_send().empty());
    write.failed(a, Version(1));
    EXPECT_EQ(write.to_send(), std::vector<CsId>{a});
    write.failed(a, Version(2));
    EXPECT_TRUE(write.has_failed());
    EXPECT_TRUE(write.to_send().empty());
    write.retry_failed();
    EXPECT_EQ(write.to_send(), std::vector<CsId>{a});
}

}  // namespace
}  // namespace cairn::client
