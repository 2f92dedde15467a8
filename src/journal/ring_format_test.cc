#include "journal/ring_format.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/buffer.h"
#include "base/checksum.h"

namespace cairn::journal {
namespace {

std::string hex(ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

const Superblock superblock{.ring_id = 0x1122334455667788,
                            .capacity = 56 * kib,
                            .update = 9,
                            .session = 3,
                            .start_position = 64 * kib,
                            .start_sequence = 17,
                            .start_chain = 0xabcdef,
                            .durable_below = 20};

// Formats that are on disks already: a change here needs a new version and a reader of the old.
TEST(RingFormat, SuperblockIsAsItWas) {
    const Bytes bytes = encode(superblock);
    ASSERT_EQ(bytes.size(), block_size);
    EXPECT_EQ(hex(ByteView(bytes).first(80)),
              "434149524e4a533101000000000000008877665544332211"
              "00e00000000000000900000000000000030000000000000000000100000000001100000000000000"
              "efcdab00000000001400000000000000");
    EXPECT_EQ(checksum(bytes), 14991628026619835478u);
    EXPECT_EQ(*decode_superblock(bytes), superblock);
}

TEST(RingFormat, EveryBitOfASuperblockCounts) {
    Bytes bytes = encode(superblock);
    for (size_t i = 0; i < bytes.size(); i++) {
        bytes[i] ^= std::byte{0x10};
        EXPECT_FALSE(decode_superblock(bytes)) << i;
        bytes[i] ^= std::byte{0x10};
    }
    EXPECT_FALSE(decode_superblock(ByteView(bytes).first(4095)));
}

struct Example {
    GroupHeader header{.ring_id = 7,
                       .session = 2,
                       .sequence = 5,
                       .position = 12288,
                       .durable_through = 3,
                       .chain = 99,
                       .record_count = 2,
                       .length = 2 * block_size,
                       .meta_length = block_size};
    Buffer group = Buffer::zeroed(size_t{2} * block_size);

    Example() {
        const MutableByteView meta = group.mutable_view().first(block_size);
        uint64_t used = group_header_size;
        used += encode_record(meta.subspan(used), 4, bytes_of("fields"), block_size);
        encode_record(meta.subspan(used), 9, bytes_of("more"), 0);
        group.mutable_view()[block_size] = std::byte{42};
        encode_group(header, meta);
    }
};

TEST(RingFormat, GroupIsAsItWas) {
    const Example example;
    EXPECT_EQ(hex(example.group.view().first(144)),
              "434149524e4a47310100000002000000070000000000000002000000000000000500000000000000"
              "003000000000000003000000000000006300000000000000002000000010000003e36c48d3150756"
              "000000000000000018622adfbdb04534040000000600000000100000000000006669656c64730000"
              "090000000400000000000000000000006d6f726500000000");
    const Result<GroupHeader> header = decode_group_header(example.group.view(), 7);
    ASSERT_TRUE(header);
    EXPECT_EQ(*header, example.header);
    const auto records = decode_records(*header, example.group.view());
    ASSERT_TRUE(records);
    ASSERT_EQ(records->size(), 2u);
    EXPECT_EQ(records->at(0).type, 4);
    EXPECT_EQ(text_of(records->at(0).fields), "fields");
    EXPECT_EQ(records->at(0).payload[0], std::byte{42});
    EXPECT_EQ(records->at(1).type, 9);
    EXPECT_EQ(text_of(records->at(1).fields), "more");
    EXPECT_TRUE(records->at(1).payload.empty());
    EXPECT_EQ(records->at(1).group, 5u);
    EXPECT_EQ(records->at(1).index, 1u);
}

TEST(RingFormat, EveryBitOfTheRecordsCounts) {
    Example example;
    for (size_t i = 0; i < block_size; i++) {
        example.group.mutable_view()[i] ^= std::byte{1};
        const Result<GroupHeader> header = decode_group_header(example.group.view(), 7);
        EXPECT_FALSE(header && decode_records(*header, example.group.view())) << i;
        // It is no group any more, but a trace of one.
        EXPECT_TRUE(resembles_group(example.group.view(), 7, 5)) << i;
        example.group.mutable_view()[i] ^= std::byte{1};
    }
}

TEST(RingFormat, AnotherRingsGroupsAreForeign) {
    const Example example;
    EXPECT_FALSE(decode_group_header(example.group.view(), 8));
    EXPECT_FALSE(resembles_group(Buffer::zeroed(block_size).view(), 7, 5));
}

TEST(RingFormat, RecordsMustAddUp) {
    for (const uint32_t count : {0u, 1u, 3u, 255u, UINT32_MAX}) {
        Example example;
        example.header.record_count = count;
        encode_group(example.header, example.group.mutable_view().first(block_size));
        const Result<GroupHeader> header = decode_group_header(example.group.view(), 7);
        ASSERT_TRUE(header);
        // The payload belongs to the first; behind the second there are zeros, which read as empty
        // records until the meta part ends.
        const auto records = decode_records(*header, example.group.view());
        EXPECT_EQ(records.has_value(), count > 0 && count < 240) << count;
    }
}

}  // namespace
}  // namespace cairn::journal
