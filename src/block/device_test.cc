// The devices that need no machine: memory, slice, statistics, fault.
#include <gtest/gtest.h>
#include <vector>

#include "base/size.h"
#include "block/fault_device.h"
#include "block/memory_device.h"
#include "block/slice_device.h"
#include "block/statistics_device.h"
#include "block/testing.h"
#include "runtime/random.h"

namespace cairn::block {
namespace {

TEST(MemoryDevice, HoldsWhatWasWritten) {
    Loop loop;
    MemoryDevice device(1 * mib);
    std::vector<std::byte> twin(1 * mib);
    Xoshiro generator(3);
    for (int i = 0; i < 2000; i++) {
        const uint64_t offset = generator.below(1 * mib);
        const uint64_t length = std::min<uint64_t>(generator.below(20'000), 1 * mib - offset);
        switch (generator.below(4)) {
            case 0: {
                const Buffer data = pattern(offset, length, static_cast<uint8_t>(i));
                std::copy(data.view().begin(), data.view().end(), twin.begin() + offset);
                ASSERT_TRUE(run(loop, device.write(offset, data, {})));
                break;
            }
            case 1:
                std::fill_n(twin.begin() + offset, length, std::byte{0});
                ASSERT_TRUE(run(loop, device.zero(offset, length, {.no_hole = i % 2 == 0})));
                break;
            case 2:
                std::fill_n(twin.begin() + offset, length, std::byte{0});
                ASSERT_TRUE(run(loop, device.trim(offset, length)));
                break;
            default: {
                const auto content = run(loop, device.read(offset, static_cast<uint32_t>(length)));
                ASSERT_TRUE(content);
                ASSERT_TRUE(same(content->view(), ByteView(twin).subspan(offset, length)));
                // What is called a hole or zeros must read as zeros.
                const auto extents = run(loop, device.extents(offset, length));
                ASSERT_TRUE(extents);
                uint64_t at = offset;
                for (const Extent& extent : *extents) {
                    for (uint64_t b = at; b < at + extent.length; b++) {
                        if (extent.kind != ExtentKind::data)
                            ASSERT_EQ(twin[b], std::byte{0});
                    }
                    at += extent.length;
                }
                ASSERT_EQ(at, offset + length);
            }
        }
    }
}

TEST(MemoryDevice, TellsDataFromZerosFromHoles) {
    Loop loop;
    MemoryDevice device(1 * tib);
    ASSERT_TRUE(run(loop, device.write(2 * block_size, pattern(0, block_size, 1), {})));
    ASSERT_TRUE(run(loop, device.zero(3 * block_size, 2 * block_size, {.no_hole = true})));
    ASSERT_TRUE(run(loop, device.trim(1 * gib, 512 * gib)));
    const auto extents = run(loop, device.extents(0, 1 * tib));
    ASSERT_TRUE(extents);
    EXPECT_EQ(*extents, (std::vector<Extent>{{2 * block_size, ExtentKind::hole},
                                             {1 * block_size, ExtentKind::data},
                                             {2 * block_size, ExtentKind::zero},
                                             {1 * tib - 5 * block_size, ExtentKind::hole}}));
    ASSERT_TRUE(run(loop, device.zero(0, 1 * tib, {})));
    EXPECT_EQ(device.held(), 0u);
}

TEST(MemoryDevice, RefusesWhatDoesNotFit) {
    Loop loop;
    MemoryDevice device(1 * mib, 8 * block_size);
    EXPECT_EQ(run(loop, device.read(1 * mib - 1, 2)).code(), Code::out_of_range);
    EXPECT_EQ(run(loop, device.read(UINT64_MAX, 2)).code(), Code::out_of_range);
    EXPECT_EQ(run(loop, device.write(1 * mib, pattern(0, 1, 1), {})).code(), Code::out_of_range);
    EXPECT_TRUE(run(loop, device.write(0, pattern(0, 8 * block_size, 1), {})));
    EXPECT_EQ(run(loop, device.write(64 * kib, pattern(0, 1, 1), {})).code(), Code::no_space);
    EXPECT_TRUE(run(loop, device.trim(0, block_size)));
    EXPECT_TRUE(run(loop, device.write(64 * kib, pattern(0, 1, 1), {})));
}

TEST(MemoryDevice, WhatWasCutOffDoesNotComeBack) {
    Loop loop;
    MemoryDevice device(64 * kib);
    std::vector<uint64_t> seen;
    SizeWatch watch(device, [&seen](uint64_t size) { seen.push_back(size); });
    ASSERT_TRUE(run(loop, device.write(0, pattern(0, 64 * kib, 1), {})));
    ASSERT_TRUE(run(loop, device.resize(10'000)));
    ASSERT_TRUE(run(loop, device.resize(1 * mib)));
    EXPECT_EQ(seen, (std::vector<uint64_t>{10'000, 1 * mib}));
    const auto content = run(loop, device.read(0, 64 * kib));
    ASSERT_TRUE(content);
    EXPECT_TRUE(same(content->view().first(10'000), pattern(0, 10'000, 1).view()));
    EXPECT_TRUE(same(content->view().subspan(10'000), Buffer::zeroed(64 * kib - 10'000).view()));
}

TEST(SizeWatch, SeveralComeAndGo) {
    Loop loop;
    MemoryDevice device(1);
    int first = 0;
    int second = 0;
    SizeWatch watch(device, [&first](uint64_t) { first++; });
    {
        SizeWatch other(device, [&second](uint64_t) { second++; });
        ASSERT_TRUE(run(loop, device.resize(2)));
    }
    ASSERT_TRUE(run(loop, device.resize(3)));
    EXPECT_EQ(first, 2);
    EXPECT_EQ(second, 1);
}

TEST(SliceDevice, IsAPartAndNoMore) {
    Loop loop;
    MemoryDevice device(1 * mib);
    SliceDevice slice(device, 10'000, 50'000);
    EXPECT_EQ(slice.size(), 50'000u);
    ASSERT_TRUE(run(loop, slice.write(100, pattern(0, 200, 1), {})));
    auto below = run(loop, device.read(10'100, 200));
    ASSERT_TRUE(below);
    EXPECT_TRUE(same(below->view(), pattern(0, 200, 1).view()));
    ASSERT_TRUE(run(loop, slice.zero(150, 10, {})));
    auto content = run(loop, slice.read(150, 10));
    ASSERT_TRUE(content);
    EXPECT_TRUE(same(content->view(), Buffer::zeroed(10).view()));
    EXPECT_EQ(run(loop, slice.read(49'999, 2)).code(), Code::out_of_range);
    EXPECT_EQ(run(loop, slice.write(50'000, pattern(0, 1, 1), {})).code(), Code::out_of_range);
    EXPECT_EQ(run(loop, slice.trim(1, 50'000)).code(), Code::out_of_range);
    EXPECT_EQ(run(loop, slice.zero(UINT64_MAX, 1, {})).code(), Code::out_of_range);
    EXPECT_EQ(run(loop, slice.extents(0, 50'001)).code(), Code::out_of_range);
    EXPECT_EQ(run(loop, slice.resize(1)).code(), Code::not_supported);
}

TEST(StatisticsDevice, CountsByKind) {
    Loop loop;
    MemoryDevice memory(1 * mib);
    FaultDevice slow(loop, memory);
    slow.add({.kind = RequestKind::write, .delay = milliseconds(5)});
    slow.add({.kind = RequestKind::flush, .failure = Code::io_error});
    StatisticsDevice device(loop, slow);
    EXPECT_TRUE(run(loop, device.write(0, pattern(0, 3000, 1), {})));
    EXPECT_TRUE(run(loop, device.write(0, pattern(0, 1000, 1), {})));
    EXPECT_TRUE(run(loop, device.read(0, 100)));
    EXPECT_FALSE(run(loop, device.read(1 * mib, 1)));
    EXPECT_FALSE(run(loop, device.flush()));
    const RequestStatistics& writes = device.of(RequestKind::write);
    EXPECT_EQ(writes.requests.value(), 2u);
    EXPECT_EQ(writes.bytes.value(), 4000u);
    EXPECT_EQ(writes.failures.value(), 0u);
    EXPECT_EQ(writes.latency.minimum(), 5'000'000u);
    EXPECT_EQ(writes.in_flight, 0u);
    EXPECT_EQ(device.of(RequestKind::read).requests.value(), 2u);
    EXPECT_EQ(device.of(RequestKind::read).failures.value(), 1u);
    EXPECT_EQ(device.of(RequestKind::read).bytes.value(), 100u);
    EXPECT_EQ(device.of(RequestKind::flush).failures.value(), 1u);
}

TEST(FaultDevice, HitsWhatThePlanSays) {
    Loop loop;
    MemoryDevice memory(1 * mib);
    FaultDevice device(loop, memory);
    device.add({.kind = RequestKind::read,
                .offset = 4096,
                .length = 4096,
                .skip = 1,
                .count = 2,
                .failure = Code::io_error});
    EXPECT_TRUE(run(loop, device.read(4096, 10)));                      // skipped
    EXPECT_TRUE(run(loop, device.read(0, 4096)));                       // ends before
    EXPECT_TRUE(run(loop, device.read(8192, 4096)));                    // starts behind
    EXPECT_TRUE(run(loop, device.write(4096, pattern(0, 10, 1), {})));  // another kind
    EXPECT_EQ(device.hits(), 0u);
    EXPECT_EQ(run(loop, device.read(0, 4097)).code(), Code::io_error);
    EXPECT_EQ(run(loop, device.read(8191, 4096)).code(), Code::io_error);
    EXPECT_TRUE(run(loop, device.read(4096, 10)));  // used up
    EXPECT_EQ(device.hits(), 2u);
}

TEST(FaultDevice, AFailureAfterTheFactLeavesTheData) {
    Loop loop;
    MemoryDevice memory(1 * mib);
    FaultDevice device(loop, memory);
    device.add({.kind = RequestKind::write,
                .count = 1,
                .failure = Code::timed_out,
                .fails_after_done = true});
    EXPECT_EQ(run(loop, device.write(0, pattern(0, 10, 1), {})).code(), Code::timed_out);
    auto content = run(loop, device.read(0, 10));
    ASSERT_TRUE(content);
    EXPECT_TRUE(same(content->view(), pattern(0, 10, 1).view()));
}

TEST(FilterDevice, PassesSizeChangesUp) {
    Loop loop;
    MemoryDevice memory(1 * mib);
    FaultDevice device(loop, memory);
    uint64_t seen = 0;
    SizeWatch watch(device, [&seen](uint64_t size) { seen = size; });
    ASSERT_TRUE(run(loop, memory.resize(2 * mib)));
    EXPECT_EQ(seen, 2 * mib);
    EXPECT_EQ(device.size(), 2 * mib);
}

}  // namespace
}  // namespace cairn::block
