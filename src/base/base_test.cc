#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <map>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/size.h"
#include "base/time.h"

namespace cairn {
namespace {

TEST(Size, TextMatchesTheScreens) {
    EXPECT_EQ(size_text(0), "0B");
    EXPECT_EQ(size_text(762), "762B");
    EXPECT_EQ(size_text(250 * gib), "250GB");
    EXPECT_EQ(size_text(gib * 16 / 10 * 1024), "1.5TB");
    EXPECT_EQ(size_text(7 * tib + tib / 10 * 3), "7.2TB");
    EXPECT_EQ(size_text(24 * 1024 * tib), "24PB");
}

TEST(Size, Parses) {
    EXPECT_EQ(*parse_size("1G"), gib);
    EXPECT_EQ(*parse_size("512m"), 512 * mib);
    EXPECT_EQ(*parse_size("4096"), 4096u);
    EXPECT_EQ(*parse_size("2TiB"), 2 * tib);
    for (const char* bad : {"", "G", "1X", "1GG", "-1", "99999999999E", "1 G"})
        EXPECT_EQ(parse_size(bad).code(), Code::invalid_argument) << bad;
}

TEST(Time, TextMatchesTheScreens) {
    EXPECT_EQ(uptime_text(seconds(33 * 60)), "33 min");
    EXPECT_EQ(uptime_text(seconds((2 * 60 + 21) * 60)), "2h 21m");
    EXPECT_EQ(uptime_text(seconds((2 * 24 + 4) * 3600)), "2d 4h");
    EXPECT_EQ(event_time_text({1393001720LL * 1'000'000'000}), "21-02-14 16:55:20");
}

TEST(Time, Parses) {
    EXPECT_EQ(*parse_duration("300"), seconds(300));
    EXPECT_EQ(*parse_duration("300s"), seconds(300));
    EXPECT_EQ(*parse_duration("5min"), seconds(300));
    EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
    for (const char* bad : {"", "min", "5 min", "-1", "5y", "9999999999999h"})
        EXPECT_EQ(parse_duration(bad).code(), Code::invalid_argument) << bad;
}

TEST(Ids, HostAndClusterIdsRoundTrip) {
    EXPECT_EQ(to_string(*parse_host_id("08000000000000a1")), "08000000000000a1");
    EXPECT_EQ(parse_host_id("0000000000000000").code(), Code::invalid_argument);
    EXPECT_EQ(parse_host_id("800000000000001").code(), Code::invalid_argument);
    const char* uuid = "00112233-4455-6677-8899-aabbccddeeff";
    EXPECT_EQ(to_string(*parse_cluster_id(uuid)), uuid);
    EXPECT_EQ(parse_cluster_id("00112233").code(), Code::invalid_argument);
    EXPECT_EQ(parse_cluster_id(std::string(uuid) + "0").code(), Code::invalid_argument);
}

TEST(Bytes, ReaderRefusesWhatIsNotThere) {
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.put(uint32_t{7});
    writer.put_text("chunk");
    writer.put(ChunkId(9));
    ByteReader reader(bytes);
    EXPECT_EQ(reader.read<uint32_t>(), 7u);
    EXPECT_EQ(reader.get_text(), "chunk");
    EXPECT_EQ(reader.read<ChunkId>(), ChunkId(9));
    EXPECT_TRUE(reader.finished());
    EXPECT_EQ(reader.read<uint64_t>(), 0u);
    EXPECT_FALSE(reader.ok());

    Bytes huge(4, std::byte{0xff});
    ByteReader count(huge);
    EXPECT_EQ(count.get_count(8), 0u);
    EXPECT_FALSE(count.ok());
}

TEST(Checksum, IsBoundToPlace) {
    const Buffer zeros = Buffer::zeroed(block_size);
    const uint64_t here = block_checksum(ChunkId(1), 0, zeros.view());
    EXPECT_EQ(here, zero_block_checksum(ChunkId(1), 0));
    EXPECT_NE(here, block_checksum(ChunkId(1), 1, zeros.view()));
    EXPECT_NE(here, block_checksum(ChunkId(2), 0, zeros.view()));
}

TEST(Buffer, ReusedMemoryIsAsGoodAsFresh) {
    for (const size_t size : {size_t{block_size}, size_t{5000}, size_t{1 * mib}, size_t{5 * mib}}) {
        std::vector<Buffer> held;
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 8; i++) {
                Buffer buffer = Buffer::zeroed(size);
                EXPECT_EQ(buffer.size(), size);
                EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.view().data()) % block_size, 0u);
                EXPECT_EQ(std::ranges::count(buffer.view(), std::byte{0}),
                          static_cast<ptrdiff_t>(size));
                std::ranges::fill(buffer.mutable_view(), static_cast<std::byte>(i + 1));
                held.push_back(buffer);
            }
            for (size_t i = 0; i < held.size(); i++)
                EXPECT_EQ(held[i].view()[size - 1], static_cast<std::byte>(i + 1)) << "not shared";
            held.clear();
        }
    }
}

// Of all sizes at once, released in another order, many times: none overlaps another.
TEST(Buffer, BuffersInUseNeverOverlap) {
    constexpr std::array<size_t, 5> sizes{block_size, 3 * block_size, 64 * kib, 300 * kib, 5 * mib};
    std::vector<Buffer> held;
    uint64_t draw = 1;
    for (int round = 0; round < 2000; round++) {
        draw = draw * 6364136223846793005 + 1442695040888963407;
        if (held.size() < 100 && draw >> 63 != 0) {
            Buffer buffer = Buffer::allocate(sizes[(draw >> 40) % (held.size() < 4 ? 5 : 3)]);
            ASSERT_EQ(reinterpret_cast<uintptr_t>(buffer.view().data()) % block_size, 0U);
            held.push_back(std::move(buffer));
        } else if (!held.empty()) {
            std::swap(held[(draw >> 40) % held.size()], held.back());
            held.pop_back();
        }
        if (round % 500 == 499)
            Buffer::release_kept();
        std::map<const std::byte*, const std::byte*> ranges;
        for (const Buffer& buffer : held)
            ranges.emplace(buffer.view().data(), buffer.view().data() + buffer.size());
        ASSERT_EQ(ranges.size(), held.size());
        const std::byte* end = nullptr;
        for (const auto& [from, to] : ranges) {
            ASSERT_LE(end, from);
            end = to;
        }
    }
}

TEST(Buffer, WhatIsUsedOutlivesTheReleaseOfWhatIsKept) {
    std::vector<Buffer> held;
    for (int i = 0; i < 200; i++)
        held.push_back(Buffer::zeroed(block_size));
    for (size_t i = 0; i < held.size(); i += 2)
        held[i] = Buffer();
    Buffer::release_kept();
    for (size_t i = 1; i < held.size(); i += 2)
        held[i].mutable_view()[0] = std::byte{7};
    for (size_t i = 0; i < held.size(); i += 2)
        held[i] = Buffer::zeroed(block_size);
    for (size_t i = 0; i < held.size(); i++)
        EXPECT_EQ(held[i].view()[0], std::byte(i % 2 == 0 ? 0 : 7));
}

TEST(Buffer, SharesMemoryAndKeepsItAlive) {
    Buffer part;
    {
        Buffer whole = Buffer::zeroed(2 * block_size);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(whole.view().data()) % block_size, 0u);
        whole.mutable_view()[block_size] = std::byte{42};
        part = whole.slice(block_size, block_size);
    }
    EXPECT_EQ(part.view()[0], std::byte{42});
}

Result<int> half_of(int value) {
    if (value % 2 != 0)
        return Error(Code::invalid_argument, "odd");
    return value / 2;
}

Result<int> quarter_of(int value) {
    TRY(half_of(value));
    return half_of(value / 2);
}

TEST(Result, CarriesErrorsUp) {
    EXPECT_EQ(*quarter_of(8), 2);
    EXPECT_EQ(quarter_of(3).error().with_context("quarter").message(), "quarter: odd");
    EXPECT_EQ(quarter_of(6).code(), Code::invalid_argument);
}

}  // namespace
}  // namespace cairn
