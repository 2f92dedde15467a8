#include "sim/history.h"

#include <gtest/gtest.h>

namespace cairn::sim {
namespace {

constexpr BlockKey key{FileId(5), 3};

struct Script {
    History history;
    void write(BlockValue value, int64_t began, int64_t ended) {
        const auto id = history.begin_write(key, value, 1, {began});
        if (ended >= 0)
            history.end_write(id, {ended});
    }
    void read(BlockValue value, int64_t began, int64_t ended) {
        history.end_read(history.begin_read(key, 3, {began}), value, {ended});
    }
    void flush(int64_t began, int64_t ended, uint64_t writer = 1) {
        history.flushed(key.file, writer, {began}, {ended});
    }
    [[nodiscard]] bool fine() const { return !history.check(); }
};

constexpr int64_t never = -1;

TEST(History, AReadSeesTheLastWrite) {
    Script script;
    script.read(0, 1, 2);
    script.write(7, 3, 4);
    script.read(7, 5, 6);
    EXPECT_TRUE(script.fine());
    script.read(0, 7, 8);
    EXPECT_FALSE(script.fine());
}

TEST(History, AStaleReadIsFound) {
    Script script;
    script.write(7, 1, 2);
    script.write(8, 3, 4);
    script.read(7, 5, 6);
    EXPECT_FALSE(script.fine());
}

TEST(History, AWriteThatWasNeverAcknowledgedMayTakeEffectOrNot) {
    for (const BlockValue seen : {7, 8}) {
        Script script;
        script.write(7, 1, 2);
        script.write(8, 3, never);
        script.read(seen, 10, 11);
        script.read(seen, 12, 13);
        EXPECT_TRUE(script.fine()) << seen;
    }
}

TEST(History, AWriteThatBeganAfterItsWriterWasFencedIsNeverSeen) {
    Script script;
    script.write(7, 1, 2);
    script.history.forbid_write(script.history.begin_write(key, 8, 2, {3}));
    script.read(7, 4, 5);
    EXPECT_TRUE(script.fine());
    // Of another write it could be said that it took effect between.
    script.read(8, 6, 7);
    EXPECT_FALSE(script.fine());
}

TEST(History, ButThenWithTheSameAnswerForEver) {
    Script script;
    script.write(7, 1, 2);
    script.write(8, 3, never);
    script.read(8, 10, 11);
    script.read(7, 12, 13);
    EXPECT_FALSE(script.fine());
}

TEST(History, ALostWriteOfAFencedWriterMayNotReturn) {
    Script script;
    script.write(7, 1, 2);
    script.write(8, 3, never);
    script.write(9, 20, 21);
    script.read(9, 22, 23);
    script.read(8, 24, 25);
    script.read(9, 26, 27);
    EXPECT_FALSE(script.fine());
}

TEST(History, AFencedWriterChangesNothingLater) {
    History history;
    const auto late = history.begin_write(key, 8, 1, {3});
    history.abandon_write(late, {10});
    history.end_write(history.begin_write(key, 9, 2, {20}), {21});
    history.end_read(history.begin_read(key, 3, {22}), 9, {23});
    EXPECT_FALSE(history.check());
    history.end_read(history.begin_read(key, 3, {24}), 8, {25});
    EXPECT_TRUE(history.check());
}

TEST(History, AFencedWriterThatWasToldDoneIsHeldToIt) {
    History history;
    const auto late = history.begin_write(key, 8, 1, {3});
    history.abandon_write(late, {10});
    history.end_read(history.begin_read(key, 3, {11}), 0, {12});
    EXPECT_FALSE(history.check());
    history.confirm_abandoned(late);
    EXPECT_TRUE(history.check());
}

TEST(History, ReadingBeforeWritingIsFound) {
    Script script;
    script.read(7, 1, 2);
    script.write(7, 3, 4);
    EXPECT_FALSE(script.fine());
}

TEST(History, ConcurrentOperationsMayGoEitherWay) {
    Script script;
    script.write(7, 1, 10);
    script.read(0, 2, 3);
    script.read(7, 4, 5);
    EXPECT_TRUE(script.fine());
    script.read(0, 6, 7);
    EXPECT_FALSE(script.fine());
}

TEST(History, APowerCutMayTakeBackWhatWasNotFlushed) {
    for (const BlockValue seen : {7, 8}) {
        Script script;
        script.write(7, 1, 2);
        script.flush(3, 4);
        script.write(8, 5, 6);
        script.history.may_forget(key, {10});
        script.read(seen, 11, 12);
        script.read(seen, 13, 14);
        EXPECT_TRUE(script.fine()) << seen;
        script.read(seen == 7 ? 8 : 7, 15, 16);
        EXPECT_FALSE(script.fine()) << seen;
    }
}

TEST(History, APowerCutMayNotTakeBackWhatWasFlushed) {
    Script script;
    script.write(7, 1, 2);
    script.write(8, 3, 4);
    script.flush(5, 6);
    script.history.may_forget(key, {10});
    script.read(7, 11, 12);
    EXPECT_FALSE(script.fine());
}

TEST(History, AFlushThatBeganBeforeTheWriteEndedKeepsNothing) {
    Script script;
    script.write(7, 1, 2);
    script.flush(3, 4);
    script.write(8, 5, 7);
    script.flush(6, 8);
    script.history.may_forget(key, {10});
    script.read(7, 11, 12);
    EXPECT_TRUE(script.fine());
}

TEST(History, AFlushThatSucceedsAfterAPowerCutSaysThatNothingOfItsOpenWasLost) {
    for (const uint64_t flusher : {1, 2}) {
        for (const BlockValue seen : {7, 8}) {
            Script script;
            script.write(7, 1, 2);
            script.flush(3, 4);
            script.write(8, 5, 6);
            script.history.may_forget(key, {10});
            script.flush(11, 12, flusher);
            script.history.may_forget(key, {20});
            script.read(seen, 21, 22);
            EXPECT_EQ(script.fine(), flusher == 2 || seen == 8) << flusher << " " << seen;
        }
    }
}

TEST(History, AReadUnderWayAtAPowerCutMayHaveSeenWhatWasLost) {
    Script script;
    script.write(7, 1, 2);
    script.flush(3, 4);
    script.write(8, 5, 6);
    script.read(8, 9, 11);
    script.history.may_forget(key, {10});
    script.read(7, 12, 13);
    EXPECT_TRUE(script.fine());
    script.read(8, 14, 15);
    EXPECT_FALSE(script.fine());
}

TEST(History, AFlushCoversOnlyItsOwnWriter) {
    Script script;
    script.write(7, 1, 2);
    script.flush(3, 4, 2);
    script.history.may_forget(key, {10});
    script.read(0, 11, 12);
    EXPECT_TRUE(script.fine());
}

TEST(History, ZerosMayComeBackOnlyIfNothingWasKept) {
    Script script;
    script.write(7, 1, 2);
    script.history.may_forget(key, {10});
    script.read(0, 11, 12);
    EXPECT_TRUE(script.fine());
    script.write(8, 13, 14);
    script.flush(15, 16);
    script.history.may_forget(key, {20});
    script.read(0, 21, 22);
    EXPECT_FALSE(script.fine());
}

constexpr BlockValue trim = 20 | trim_bit;
constexpr BlockValue other_trim = 21 | trim_bit;

TEST(History, ATrimIsReadAsZeros) {
    Script script;
    script.write(7, 1, 2);
    script.write(trim, 3, 4);
    script.read(0, 5, 6);
    EXPECT_TRUE(script.fine());
    script.read(7, 7, 8);
    EXPECT_FALSE(script.fine());
}

TEST(History, ATrimThatTookNoEffectIsFound) {
    Script script;
    script.write(7, 1, 2);
    script.write(trim, 3, 4);
    script.read(7, 5, 6);
    EXPECT_FALSE(script.fine());
}

TEST(History, ZerosAreNotReadAfterTheyWereWrittenOver) {
    Script script;
    script.write(trim, 1, 2);
    script.write(other_trim, 3, 4);
    script.read(0, 5, 6);
    script.write(7, 7, 8);
    EXPECT_TRUE(script.fine());
    script.read(0, 9, 10);
    EXPECT_FALSE(script.fine());
}

TEST(History, WhichOfTwoTrimsWasSeenIsNotAsked) {
    Script script;
    script.write(trim, 1, 2);
    script.write(7, 3, 10);
    script.write(other_trim, 4, 9);
    script.read(0, 5, 6);
    script.read(7, 7, 8);
    script.read(0, 11, 12);
    EXPECT_TRUE(script.fine());
}

TEST(History, ATrimThatWasNotFlushedMayBeTakenBack) {
    for (const BlockValue seen : {BlockValue{0}, BlockValue{7}}) {
        Script script;
        script.write(7, 1, 2);
        script.flush(3, 4);
        script.write(trim, 5, 6);
        script.history.may_forget(key, {7});
        script.read(seen, 8, 9);
        EXPECT_TRUE(script.fine()) << seen;
        script.read(7 - seen, 10, 11);
        EXPECT_FALSE(script.fine()) << seen;
    }
}

}  // namespace
}  // namespace cairn::sim
