#include "chunk/hot_chunks.h"

#include <gtest/gtest.h>

namespace cairn::chunk {
namespace {

TEST(HotChunksTest, TheHottestComeFirstWithTheirShares) {
    HotChunks hot;
    for (int i = 0; i < 60; i++)
        hot.asked(ChunkId(7));
    for (int i = 0; i < 30; i++)
        hot.asked(ChunkId(5));
    for (int i = 0; i < 10; i++)
        hot.asked(ChunkId(9));
    const std::vector<HotChunk> list = hot.hottest();
    ASSERT_EQ(list.size(), 3U);
    EXPECT_EQ(list[0].chunk, ChunkId(7));
    EXPECT_EQ(list[0].share_permille, 600U);
    EXPECT_EQ(list[1].chunk, ChunkId(5));
    EXPECT_EQ(list[2].share_permille, 100U);
}

TEST(HotChunksTest, AHotOneIsFoundAmongManyOthers) {
    HotChunks hot;
    for (uint64_t i = 0; i < 10'000; i++) {
        hot.asked(ChunkId(100 + i));
        if (i % 4 == 0)
            hot.asked(ChunkId(3));
    }
    ASSERT_FALSE(hot.hottest().empty());
    EXPECT_EQ(hot.hottest()[0].chunk, ChunkId(3));
    EXPECT_GE(hot.hottest()[0].share_permille, 200U);
}

TEST(HotChunksTest, WhatNobodyAsksForAnyMoreIsForgotten) {
    HotChunks hot;
    for (int i = 0; i < 1000; i++)
        hot.asked(ChunkId(3));
    for (int i = 0; i < 30; i++) {
        hot.fade();
        for (int asked = 0; asked < 20; asked++)
            hot.asked(ChunkId(4));
    }
    EXPECT_EQ(hot.hottest()[0].chunk, ChunkId(4));
    for (int i = 0; i < 300; i++)
        hot.fade();
    EXPECT_TRUE(hot.hottest().empty());
    EXPECT_TRUE(HotChunks().hottest().empty());
}

}  // namespace
}  // namespace cairn::chunk
