// The overlay and the pending zeros against plain maps, under random puts, freezes and erasures.
#include "chunk/overlay.h"

#include <gtest/gtest.h>
#include <map>
#include <set>

#include "chunk/pending_zeros.h"
#include "runtime/random.h"

namespace cairn::chunk {
namespace {

ChunkRef make_chunk(uint64_t id, uint32_t serial) {
    HeaderBlock block;
    block.header.chunk = ChunkId(id);
    block.header.size = 2 * mib;
    block.pages = PageMap(ChunkGeometry{block.header.size}.page_count());
    return std::make_shared<ChunkEntry>(block, serial);
}

struct OverlayTwin {
    struct Pending {
        uint64_t checksum = 0;
        bool frozen = false;
        bool may_allocate = false;
        bool in_place = false;
    };
    std::map<std::pair<uint32_t, uint32_t>, Pending> blocks;  // by serial and block
    std::vector<FrozenBlock> frozen;
};

void compare(const Overlay& overlay, const OverlayTwin& twin, const std::vector<ChunkRef>& chunks) {
    uint64_t to_allocate = 0;
    uint64_t bytes = 0;
    uint64_t in_place = 0;
    bool unfrozen = false;
    for (const auto& [place, pending] : twin.blocks) {
        to_allocate += pending.may_allocate ? block_size : 0;
        bytes += pending.frozen || pending.in_place ? 0 : block_size;
        in_place += pending.in_place;
        unfrozen |= !pending.frozen;
    }
    // What is being applied takes its memory until it is, superseded or not.
    for (const FrozenBlock& frozen : twin.frozen)
        bytes += frozen.data.size();
    EXPECT_EQ(overlay.size(), twin.blocks.size());
    EXPECT_EQ(overlay.bytes_to_allocate(), to_allocate);
    EXPECT_EQ(overlay.bytes(), bytes);
    EXPECT_EQ(overlay.in_place(), in_place);
    EXPECT_EQ(overlay.has_unfrozen(), unfrozen);
    for (const ChunkRef& chunk : chunks) {
        for (uint32_t block = 0; block < 64; block++) {
            const PendingBlock* found = overlay.find(*chunk, block);
            const auto expected = twin.blocks.find({chunk->serial, block});
            ASSERT_EQ(found != nullptr, expected != twin.blocks.end());
            if (found != nullptr) {
                EXPECT_EQ(found->checksum, expected->second.checksum);
                EXPECT_EQ(found->frozen, expected->second.frozen);
            }
        }
    }
}

void finish_one(Overlay& overlay, OverlayTwin& twin, Xoshiro& random) {
    const FrozenBlock block = twin.frozen.back();
    twin.frozen.pop_back();
    const auto pending = twin.blocks.find({block.chunk->serial, block.block});
    const bool current = pending != twin.blocks.end() && pending->second.frozen;
    if (random.below(3) != 0) {
        overlay.applied(block);
        if (current)
            twin.blocks.erase(pending);
    } else {
        overlay.not_applied(block);
        if (current)
            pending->second.frozen = false;
    }
}

void put_one(Overlay& overlay, OverlayTwin& twin, const ChunkRef& chunk, Xoshiro& random) {
    const auto block = static_cast<uint32_t>(random.below(64));
    const bool may_allocate = random.below(2) == 0;
    const bool in_place = random.below(2) == 0;
    const uint64_t sum = random.next();
    overlay.put(chunk, block,
                {.data = in_place ? Buffer() : Buffer::zeroed(block_size),
                 .checksum = sum,
                 .may_allocate = may_allocate});
    twin.blocks[{chunk->serial, block}] = {
        .checksum = sum, .may_allocate = may_allocate, .in_place = in_place};
}

void freeze_all(Overlay& overlay, OverlayTwin& twin) {
    twin.frozen = overlay.freeze();
    std::set<std::pair<uint32_t, uint32_t>> expected;
    for (auto& [place, pending] : twin.blocks) {
        if (!pending.frozen)
            expected.insert(place);
        pending.frozen = true;
    }
    ASSERT_EQ(twin.frozen.size(), expected.size());
    for (size_t i = 0; i < twin.frozen.size(); i++) {
        const FrozenBlock& block = twin.frozen[i];
        EXPECT_TRUE(expected.contains({block.chunk->serial, block.block}));
        EXPECT_EQ(block.checksum, (twin.blocks[{block.chunk->serial, block.block}].checksum));
        if (i > 0)
            EXPECT_TRUE(twin.frozen[i - 1].chunk->id < block.chunk->id ||
                        twin.frozen[i - 1].block < block.block);
    }
}

TEST(Overlay, IsWhatAMapWouldBe) {
    for (uint64_t seed = 1; seed <= 100; seed++) {
        Xoshiro random(seed);
        Overlay overlay;
        OverlayTwin twin;
        // Not in the order of their ids, so that sorting shows.
        const std::vector<ChunkRef> chunks{make_chunk(9, 1), make_chunk(3, 2), make_chunk(5, 3)};
        for (int i = 0; i < 300; i++) {
            const ChunkRef& chunk = chunks[random.below(chunks.size())];
            const uint64_t dice = random.below(100);
            if (dice < 60) {
                put_one(overlay, twin, chunk, random);
            } else if (dice < 70) {
                const auto block = static_cast<uint32_t>(random.below(64));
                overlay.erase(*chunk, block);
                twin.blocks.erase({chunk->serial, block});
            } else if (dice < 72) {
                overlay.erase_chunk(*chunk);
                std::erase_if(twin.blocks, [&](const auto& entry) {
                    return entry.first.first == chunk->serial;
                });
            } else if (!twin.frozen.empty()) {
                finish_one(overlay, twin, random);
            } else if (dice < 90) {
                freeze_all(overlay, twin);
            }
            compare(overlay, twin, chunks);
        }
    }
}

TEST(Overlay, GrowsPastItsFirstTable) {
    Overlay overlay;
    const ChunkRef chunk = make_chunk(1, 1);
    for (uint32_t block = 0; block < 5000; block++)
        overlay.put(chunk, block, {.data = {}, .checksum = block});
    for (uint32_t block = 0; block < 5000; block++)
        EXPECT_EQ(overlay.find(*chunk, block)->checksum, block);
    overlay.erase_chunk(*chunk);
    EXPECT_EQ(overlay.bytes(), 0u);
    EXPECT_EQ(chunk->blocks_pending, 0u);
}

TEST(PendingZeros, TheNewestRangeCounts) {
    PendingZeros zeros;
    const ChunkRef chunk = make_chunk(1, 1);
    const ChunkRef other = make_chunk(2, 2);
    zeros.put({.chunk = chunk, .first_block = 4, .count = 4, .sequence = 1});
    zeros.put({.chunk = other, .first_block = 0, .count = 9, .sequence = 2});
    EXPECT_EQ(zeros.freeze().size(), 2u);
    EXPECT_FALSE(zeros.has_unfrozen());
    zeros.put({.chunk = chunk, .first_block = 6, .count = 4, .punch = true, .sequence = 3});
    EXPECT_TRUE(zeros.has_unfrozen());
    EXPECT_EQ(zeros.find(*chunk, 3), nullptr);
    EXPECT_EQ(zeros.find(*chunk, 5)->sequence, 1u);
    EXPECT_EQ(zeros.find(*chunk, 7)->sequence, 3u);
    EXPECT_EQ(zeros.find(*chunk, 10), nullptr);
    zeros.applied();
    EXPECT_EQ(zeros.find(*chunk, 5), nullptr);
    EXPECT_EQ(zeros.find(*other, 5), nullptr);
    EXPECT_EQ(zeros.find(*chunk, 7)->sequence, 3u);
    EXPECT_EQ(zeros.freeze().size(), 1u);
    zeros.not_applied();
    EXPECT_TRUE(zeros.has_unfrozen());
    zeros.erase_chunk(*chunk);
    EXPECT_EQ(zeros.size(), 0u);
    EXPECT_EQ(chunk->zero_ranges, 0);
}

}  // namespace
}  // namespace cairn::chunk
