#include "meta/node/log_format.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/size.h"
#include "runtime/random.h"

namespace cairn::meta {
namespace {

constexpr uint64_t segment_size = 64 * kib;

LogOwner owner() {
    LogOwner owner;
    owner.cluster.bytes.fill(0x42);
    owner.mds = MdsId(3);
    return owner;
}

raft::Entry entry(uint64_t index, uint64_t term, size_t size) {
    Buffer payload = Buffer::allocate(size);
    for (size_t i = 0; i < size; i++)
        payload.mutable_view()[i] = static_cast<std::byte>(index * 31 + i);
    return {Term(term), LogIndex(index), raft::EntryKind::data, std::move(payload)};
}

// A segment as LogStore writes it.
class TestSegment {
  public:
    explicit TestSegment(LogSequence first = 1) : next(first), file(Buffer::zeroed(segment_size)) {
        header = {.owner = owner(),
                  .number = 1,
                  .size = segment_size,
                  .first_sequence = first,
                  .first_chain = 77,
                  .hard_state = {Term(1), MdsId(3), LogIndex(0)}};
        chain = header.first_chain;
        put(0, encode_segment_header(header).view());
    }
    // Where it stands.
    std::pair<uint64_t, uint64_t> add(const std::vector<raft::Entry>& entries) {
        const raft::HardState state{Term(2), MdsId(3), LogIndex(1)};
        const EncodedGroup group =
            encode_group(owner(), end, next, chain, state, std::nullopt, entries);
        const uint64_t at = end;
        put(at, group.sectors.view());
        end += group.sectors.size();
        chain = group.checksum;
        next++;
        return {at, end};
    }
    void put(uint64_t offset, ByteView bytes) {
        std::ranges::copy(bytes, file.mutable_view().begin() + static_cast<ptrdiff_t>(offset));
    }
    // The same place, used again from its beginning, as a recycled segment is.
    void reuse() {
        header.number++;
        header.first_sequence = next;
        header.first_chain = chain;
        end = block_size;
        put(0, encode_segment_header(header).view());
    }
    [[nodiscard]] Result<SegmentContent> read(LogStoreRules rules = {}) const {
        return read_segment(file.view(), header, std::nullopt, rules);
    }

    LogSequence next;
    uint64_t end = block_size;
    uint64_t chain = 0;
    SegmentHeader header;
    Buffer file;
};

std::vector<raft::Entry> entries(uint64_t first, size_t count, size_t size) {
    std::vector<raft::Entry> list;
    for (size_t i = 0; i < count; i++)
        list.push_back(entry(first + i, 2, size));
    return list;
}

TEST(LogFormat, GoldenBytes) {
    const SegmentHeader header{.owner = owner(),
                               .number = 5,
                               .size = segment_size,
                               .first_sequence = 9,
                               .first_chain = 0x1122334455667788,
                               .hard_state = {Term(4), MdsId(2), LogIndex(6)}};
    const Buffer block = encode_segment_header(header);
    EXPECT_EQ(checksum(block.view()), 16989080137842592250U);
    const EncodedGroup group =
        encode_group(owner(), 8192, 9, 0x1122334455667788, {Term(4), MdsId(2), LogIndex(6)},
                     raft::SnapshotMeta{LogIndex(7), Term(3), {{{MdsId(1), false, {}}}}},
                     {entry(8, 4, 600), entry(9, 4, 3)});
    ASSERT_EQ(group.sectors.size(), 4096u);
    std::string start;
    for (size_t i = 0; i < 64; i++)
        start += fmt::format("{:02x}", static_cast<uint8_t>(group.sectors.view()[i]));
    EXPECT_EQ(start,
              "434d4c47010001000900000000000000de020000020000008877665544332211"
              "420b781750d86b47040000000000000002000000060000000000000007000000");
    EXPECT_EQ(checksum(group.sectors.view()), 18294677111605463897U);
}

TEST(LogFormat, WhatIsWrittenIsRead) {
    TestSegment segment;
    segment.add(entries(1, 3, 100));
    segment.add(entries(4, 1, 20'000));
    segment.add({});
    const Result<SegmentHeader> header = decode_segment_header(segment.file.view(), owner());
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(header->first_chain, 77u);
    const Result<SegmentContent> content = segment.read();
    ASSERT_TRUE(content.has_value()) << content.error().message();
    ASSERT_EQ(content->groups.size(), 3u);
    EXPECT_EQ(content->groups[0].entries, entries(1, 3, 100));
    EXPECT_EQ(content->groups[1].entries, entries(4, 1, 20'000));
    EXPECT_EQ(content->groups[2].hard_state, (raft::HardState{Term(2), MdsId(3), LogIndex(1)}));
    EXPECT_EQ(content->end, segment.end);
    EXPECT_EQ(content->next_sequence, 4u);
    EXPECT_EQ(content->next_chain, segment.chain);
    EXPECT_FALSE(content->torn);
}

TEST(LogFormat, AnotherServersSegmentIsRefused) {
    const TestSegment segment;
    LogOwner other = owner();
    other.mds = MdsId(1);
    EXPECT_EQ(decode_segment_header(segment.file.view(), other).code(), Code::wrong_cluster);
}

// The ways in which a write of two blocks can tear (a fifth of them), over fresh and over recycled
// space: the group is cut, the ones before stay.
TEST(LogFormat, EveryTearIsCut) {
    for (const bool recycled : {false, true}) {
        TestSegment base;
        base.add(entries(1, 5, 2000));
        base.add(entries(6, 5, 2000));
        if (recycled)
            base.reuse();
        base.add(entries(11, 1, 10));
        TestSegment written = base;
        written.file = Buffer::copy_of(base.file.view());
        const auto [from, to] = written.add(entries(12, 3, 2000));
        const uint64_t sectors = (to - from) / log_sector_size;
        ASSERT_EQ(sectors, 16u);
        for (uint64_t kept = 0; kept + 1 < uint64_t{1} << sectors; kept++) {
            TestSegment torn = base;
            torn.file = Buffer::copy_of(base.file.view().first(to));
            for (uint64_t i = 0; i < sectors; i++)
                if ((kept >> i & 1) != 0)
                    torn.put(
                        from + i * log_sector_size,
                        written.file.view().subspan(from + i * log_sector_size, log_sector_size));
            const Result<SegmentContent> content = torn.read();
            ASSERT_TRUE(content.has_value()) << kept << ": " << content.error().message();
            ASSERT_EQ(content->groups.size(), recycled ? 1u : 3u) << kept;
            ASSERT_EQ(content->torn, kept != 0) << kept;
        }
    }
}

// A flipped bit in anything that was written is damage, in the last group as in the first.
TEST(LogFormat, EveryFlippedByteOfAGroupIsDamage) {
    TestSegment segment;
    segment.add(entries(1, 5, 700));
    segment.add(entries(6, 2, 100));
    for (uint64_t at = block_size; at < segment.end; at++) {
        std::byte& byte = segment.file.mutable_view()[at];
        byte ^= std::byte{0x10};
        const Result<SegmentContent> content = segment.read();
        ASSERT_EQ(content.code(), Code::corrupt) << at;
        byte ^= std::byte{0x10};
    }
    ASSERT_TRUE(segment.read().has_value());
}

// Space that nothing was written to, or only what an earlier use left there, may rot.
TEST(LogFormat, AFlippedByteBehindTheEndHarmsNobody) {
    for (const bool recycled : {false, true}) {
        TestSegment segment;
        segment.add(entries(1, 5, 700));
        segment.add(entries(6, 5, 2000));
        if (recycled)
            segment.reuse();
        segment.add(entries(11, 1, 10));
        const Result<SegmentContent> before = segment.read();
        ASSERT_TRUE(before.has_value());
        const uint64_t until = segment.end + uint64_t{3} * block_size;
        for (uint64_t at = segment.end; at < until; at++) {
            std::byte& byte = segment.file.mutable_view()[at];
            byte ^= std::byte{0x10};
            const Result<SegmentContent> content = segment.read();
            byte ^= std::byte{0x10};
            // A number that says it is of a later group is believed rather than not.
            const uint64_t in_sector = at % log_sector_size;
            const bool in_number =
                in_sector >= log_sector_content && in_sector < log_sector_content + 8;
            if (recycled && in_number && !content) {
                ASSERT_EQ(content.code(), Code::corrupt);
                continue;
            }
            ASSERT_TRUE(content.has_value()) << at << ": " << content.error().message();
            ASSERT_EQ(content->groups.size(), before->groups.size()) << at;
            ASSERT_EQ(content->end, before->end) << at;
        }
    }
}

// The rule, broken on purpose: what was acknowledged is cut without a word.
TEST(LogFormat, WithoutTheRuleDamageIsTakenForATear) {
    TestSegment segment;
    segment.add(entries(1, 1, 700));
    const auto [from, to] = segment.add(entries(2, 1, 700));
    segment.file.mutable_view()[from + 100] ^= std::byte{1};
    EXPECT_EQ(segment.read().code(), Code::corrupt);
    const Result<SegmentContent> content = segment.read({.tell_damage_from_tear = false});
    ASSERT_TRUE(content.has_value());
    EXPECT_EQ(content->groups.size(), 1u) << "an acknowledged group is lost";
}

TEST(LogFormat, EveryFlippedByteOfTheHeaderIsDamage) {
    TestSegment segment;
    for (uint64_t at = 0; at < log_sector_size; at++) {
        std::byte& byte = segment.file.mutable_view()[at];
        byte ^= std::byte{1};
        EXPECT_FALSE(decode_segment_header(segment.file.view(), owner()).has_value()) << at;
        byte ^= std::byte{1};
    }
}

// A write that the disk acknowledged and never did shows when a later one is there.
TEST(LogFormat, ALostGroupBeforeALaterOneIsDamage) {
    TestSegment segment;
    segment.add(entries(1, 1, 10));
    const auto [from, to] = segment.add(entries(2, 1, 10));
    segment.add(entries(3, 1, 10));
    segment.put(from, Buffer::zeroed(to - from).view());
    EXPECT_EQ(segment.read().code(), Code::corrupt);
}

// The last group, written by the disk to another place of the file.
TEST(LogFormat, AMisplacedGroupIsDamage) {
    TestSegment segment;
    segment.add(entries(1, 1, 10));
    const auto [from, to] = segment.add(entries(2, 1, 10));
    const Buffer group = Buffer::copy_of(segment.file.view().subspan(from, to - from));
    segment.put(from, Buffer::zeroed(to - from).view());
    segment.put(from + uint64_t{8} * block_size, group.view());
    EXPECT_EQ(segment.read().code(), Code::corrupt);
}

// A later segment says where this one ends: what stands behind may be anything.
TEST(LogFormat, ASegmentEndsWhereTheNextBegins) {
    TestSegment segment;
    segment.add(entries(1, 1, 10));
    const auto [from, to] = segment.add(entries(2, 1, 10));
    segment.file.mutable_view()[from] ^= std::byte{1};
    const Result<SegmentContent> content =
        read_segment(segment.file.view(), segment.header, LogSequence{2});
    ASSERT_TRUE(content.has_value());
    EXPECT_EQ(content->groups.size(), 1u);
    EXPECT_EQ(read_segment(segment.file.view(), segment.header, LogSequence{3}).code(),
              Code::corrupt);
}

}  // namespace
}  // namespace cairn::meta
