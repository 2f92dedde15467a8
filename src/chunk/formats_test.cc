// The formats of a repository: golden bytes, round trips, and that every flipped bit is seen.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/buffer.h"
#include "base/checksum.h"
#include "chunk/chunk_format.h"
#include "chunk/record_format.h"
#include "chunk/repository_format.h"

namespace cairn::chunk {
namespace {

std::string hex(ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

template <class Accepts>
void expect_every_bit_counts(Bytes bytes, const Accepts& accepts) {
    ASSERT_TRUE(accepts(bytes));
    for (size_t i = 0; i < bytes.size(); i++) {
        for (const std::byte bit : {std::byte{1}, std::byte{0x80}}) {
            bytes[i] ^= bit;
            EXPECT_FALSE(accepts(bytes)) << i;
            bytes[i] ^= bit;
        }
    }
    for (const size_t length : {size_t{0}, size_t{1}, bytes.size() - 1})
        EXPECT_FALSE(accepts(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length))));
    bytes.push_back({});
    EXPECT_FALSE(accepts(bytes));
}

const ClusterId cluster{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

// Formats that are on disks already: a change here needs a new version and a reader of the old.
TEST(RepositoryFormat, SmallFilesAreAsTheyWere) {
    const Identity identity{.cluster = cluster, .cs = CsId(1027), .tier = 2, .no_verify = true};
    EXPECT_EQ(hex(encode(identity)),
              "434149524e4353490100000019000000000102030405060708090a0b0c0d0e0f0304000002010000"
              "00115dffe96eb04156");
    EXPECT_EQ(*decode_identity(encode(identity)), identity);
    const StoreState state{.integrity_sequence = 3,
                           .sync_epoch = 9,
                           .boot_id = 0xb007,
                           .log_position = LogIndex(77),
                           .clean = false,
                           .failed = true,
                           .unadmitted = true};
    EXPECT_EQ(hex(encode(state)),
              "434149524e43535301000000240000000300000000000000090000000000000007b0000000000000"
              "4d000000000000000600000085ffa2188b455467");
    EXPECT_EQ(*decode_state(encode(state)), state);
    const FileEpochs epochs{{FileId(4), LeaseEpoch(6)}, {FileId(5), LeaseEpoch(1)}};
    EXPECT_EQ(hex(encode(epochs)),
              "434149524e4353450100000024000000020000000400000000000000060000000000000005000000"
              "000000000100000000000000abe662d6940a8487");
    EXPECT_EQ(*decode_epochs(encode(epochs)), epochs);
    const StartMarks starts{{0x1122334455667788ULL, 1}};
    EXPECT_EQ(*decode_starts(encode(starts)), starts);
    EXPECT_EQ(hex(encode(StartMarks{})),
              "434149524e43534d010000000400000000000000eced03dbde363b9b");
}

TEST(RepositoryFormat, TheListOfStartsIsBounded) {
    StartMarks starts;
    for (uint64_t mark = 1; mark <= 5000; mark++)
        starts.add(mark);
    EXPECT_EQ(starts.marks.size(), start_marks_max);
    EXPECT_EQ(starts.marks.front(), 1U) << "the one that was accepted";
    EXPECT_EQ(starts.marks[1], 2U) << "or the next, whose answer was lost";
    EXPECT_EQ(starts.marks.back(), 5000U);
    EXPECT_LE(encode(starts).size(), starts_file_max);
    EXPECT_EQ(*decode_starts(encode(starts)), starts);
    starts.marks.push_back(6000);
    EXPECT_FALSE(decode_starts(encode(starts))) << "more than there may be";
    EXPECT_FALSE(decode_starts(encode(StartMarks{{0}}))) << "no start has this mark";
}

TEST(RepositoryFormat, EveryBitCounts) {
    expect_every_bit_counts(encode(Identity{.cluster = cluster, .cs = CsId(1027)}),
                            [](const Bytes& bytes) { return decode_identity(bytes).has_value(); });
    expect_every_bit_counts(encode(StoreState{}),
                            [](const Bytes& bytes) { return decode_state(bytes).has_value(); });
    expect_every_bit_counts(encode(StartMarks{{1, 2}}),
                            [](const Bytes& bytes) { return decode_starts(bytes).has_value(); });
    expect_every_bit_counts(encode(FileEpochs{{FileId(4), LeaseEpoch(6)}}),
                            [](const Bytes& bytes) { return decode_epochs(bytes).has_value(); });
}

TEST(RepositoryFormat, EpochsOnlyGrow) {
    FileEpochs epochs;
    raise_epoch(epochs, FileId(1), LeaseEpoch(5));
    raise_epoch(epochs, FileId(1), LeaseEpoch(4));
    EXPECT_EQ(epochs.at(FileId(1)), LeaseEpoch(5));
    raise_epoch(epochs, FileId(1), LeaseEpoch());
    EXPECT_TRUE(epochs.empty());
}

HeaderBlock example_header() {
    HeaderBlock block{.sequence = 4,
                      .header = {.cluster = cluster,
                                 .chunk = ChunkId(0xa0b0c),
                                 .file = FileId(12),
                                 .index = 3,
                                 .size = 256 * mib,
                                 .version = Version(7),
                                 .piece = 1,
                                 .state = ChunkState::joining,
                                 .layout = "replicas=3:2",
                                 .path_hint = "/disks/one",
                                 .attributes = Bytes(3, std::byte{0xee})},
                      .pages = PageMap(ChunkGeometry{256 * mib}.page_count())};
    block.pages.set(0);
    block.pages.set(257);
    return block;
}

TEST(ChunkFormat, HeaderIsAsItWas) {
    const Bytes bytes = encode(example_header());
    ASSERT_EQ(bytes.size(), block_size);
    EXPECT_EQ(hex(ByteView(bytes).first(192)),
              "434149524e43484b010000008b0000000400000000000000000102030405060708090a0b0c0d0e0f"
              "0c0b0a00000000000c00000000000000030000000000000000000010000000000700000001020c00"
              "00007265706c696361733d333a320a0000002f6469736b732f6f6e6503000000eeeeee0100000000"
              "00000000000000000000000000000000000000000000000000000002000000000000000000000000"
              "0000000000000000000000000000000000000000000000000000000000000000");
    EXPECT_EQ(checksum(bytes), 16331045516832663717u);
    EXPECT_EQ(*decode_header(bytes), example_header());
}

TEST(ChunkFormat, AHeaderWithSlotsIsOfAnotherVersion) {
    HeaderBlock block = example_header();
    block.spares_used = true;
    EXPECT_EQ(*decode_header(encode(block)), block);
    block.slots.move(1, 512, 512);
    block.slots.move(511, 1, 512);
    const Bytes bytes = encode(block);
    EXPECT_EQ(hex(ByteView(bytes).first(16)), "434149524e43484b020000008c040000");
    EXPECT_EQ(hex(ByteView(bytes).subspan(155, 9)), "010000000202000300");
    EXPECT_EQ(*decode_header(bytes), block);
    // Two slices in one slot.
    block.slots.move(2, 512, 512);
    EXPECT_FALSE(decode_header(encode(block)));
}

TEST(ChunkFormat, TheLargestHeaderFits) {
    HeaderBlock block = example_header();
    block.header.size = chunk_size_max;
    block.header.layout = std::string(layout_max, 'l');
    block.header.path_hint = std::string(path_hint_max, 'p');
    block.header.attributes = Bytes(attributes_max, std::byte{1});
    block.pages = PageMap(ChunkGeometry{chunk_size_max}.page_count());
    block.slots.move(3, 513, ChunkGeometry{chunk_size_max}.slice_count());
    EXPECT_TRUE(check_header(block.header));
    EXPECT_EQ(*decode_header(encode(block)), block);
    block.header.path_hint += 'p';
    EXPECT_EQ(check_header(block.header).code(), Code::invalid_argument);
    block = example_header();
    for (const uint64_t size : {uint64_t{0}, 32 * kib, 96 * kib, 2 * chunk_size_max}) {
        block.header.size = size;
        EXPECT_EQ(check_header(block.header).code(), Code::invalid_argument) << size;
    }
}

TEST(ChunkFormat, EveryBitOfAHeaderCounts) {
    expect_every_bit_counts(encode(example_header()),
                            [](const Bytes& bytes) { return decode_header(bytes).has_value(); });
}

TEST(ChunkFormat, TablePageIsAsItWas) {
    TablePage page;
    page.entries[0] = {.checksum = 0x1122334455667788,
                       .stored_size = block_size,
                       .flags = TableEntry::written | TableEntry::allocated};
    page.entries[254] = {.flags = TableEntry::zero};
    Bytes bytes(block_size);
    encode_page(page, ChunkId(5), 3, bytes);
    EXPECT_EQ(hex(ByteView(bytes).first(32)),
              "8877665544332211001000000500000000000000000000000000000000000000");
    EXPECT_EQ(hex(ByteView(bytes).subspan(4064)),
              "000000000000000000000000020000004354424c03000000263b35fb87813e6d");
    TablePage again;
    ASSERT_TRUE(decode_page(bytes, ChunkId(5), 3, again));
    EXPECT_EQ(again, page);
    // It belongs to one place only.
    EXPECT_FALSE(decode_page(bytes, ChunkId(6), 3, again));
    EXPECT_FALSE(decode_page(bytes, ChunkId(5), 4, again));
    expect_every_bit_counts(bytes, [](const Bytes& damaged) {
        TablePage into;
        return decode_page(damaged, ChunkId(5), 3, into).has_value();
    });
}

TEST(ChunkFormat, GeometryHasRoomForEverything) {
    for (const uint64_t size : {chunk_size_min, 256 * mib, chunk_size_max}) {
        const ChunkGeometry geometry{size};
        EXPECT_EQ(uint64_t{geometry.block_count()} * block_size, size);
        EXPECT_EQ(page_of(geometry.block_count() - 1) + 1, geometry.page_count());
        EXPECT_EQ(ChunkGeometry::page_offset(geometry.page_count()), geometry.data_offset(0, 0));
        EXPECT_EQ(geometry.slice_blocks() * geometry.slice_count(), geometry.block_count());
        EXPECT_GE(geometry.slot_count(), geometry.slice_count() + 4);
        EXPECT_EQ(geometry.file_size(),
                  geometry.data_offset(geometry.slot_count() - 1, geometry.slice_blocks() - 1) +
                      block_size);
    }
}

TEST(ChunkFormat, FileNames) {
    const ChunkId chunk(0xa0b0c);
    EXPECT_EQ(chunk_folder(chunk) + "/" + chunk_file_name(chunk), "0c/00000000000a0b0c.chunk");
    EXPECT_EQ(*parse_chunk_file_name(chunk_file_name(chunk)), chunk);
    EXPECT_EQ(*parse_damaged_file_name(damaged_file_name(chunk)), chunk);
    for (const char* name : {"", "x", "00000000000A0B0C.chunk", "0000000000a0b0c.chunk",
                             "00000000000a0b0c.chunk.damaged", "+000000000000b0c.chunk"})
        EXPECT_FALSE(parse_chunk_file_name(name)) << name;
}

Result<Record> decode_fields(RecordType type, const Bytes& fields, ByteView payload) {
    return decode_record(
        {.type = static_cast<uint16_t>(type), .fields = fields, .payload = payload});
}

TEST(RecordFormat, RecordsAreAsTheyWere) {
    Bytes fields;
    const WriteFields write{.chunk = ChunkId(9),
                            .first_block = 4,
                            .count = 1,
                            .version = Version(3),
                            .punch = false,
                            .file = FileId(8),
                            .epoch = LeaseEpoch(2)};
    Buffer block = Buffer::zeroed(block_size);
    const std::vector<uint64_t> sums{zero_block_checksum(ChunkId(9), 4)};
    encode_write(fields, write, sums);
    EXPECT_EQ(fields.size(), write_fields_size + 8);
    EXPECT_EQ(hex(fields),
              "09000000000000000400000001000000030000000000000008000000000000000200000000000000"
              "392db1cf0b249000");
    Result<Record> record = decode_fields(RecordType::write, fields, block.view());
    ASSERT_TRUE(record);
    EXPECT_EQ(record->write, write);
    EXPECT_EQ(record->checksum_of(0), sums[0]);
    EXPECT_TRUE(payload_is_intact(*record, block.view()));
    block.mutable_view()[4095] = std::byte{1};
    EXPECT_FALSE(payload_is_intact(*record, block.view()));
    EXPECT_FALSE(decode_fields(RecordType::write, fields, {}));

    WriteFields placed = write;
    placed.slot = 7;
    encode_placed_write(fields, placed, sums);
    EXPECT_EQ(fields.size(), placed_fields_size + 8);
    EXPECT_EQ(hex(fields),
              "09000000000000000400000001000000030000000000000008000000000000000200000000000000"
              "0700000000000000392db1cf0b249000");
    record = decode_fields(RecordType::placed_write, fields, {});
    ASSERT_TRUE(record);
    EXPECT_EQ(record->write, placed);
    EXPECT_EQ(record->checksum_of(0), sums[0]);
    EXPECT_FALSE(blocks_are_intact(*record, block.view()));
    block.mutable_view()[4095] = std::byte{0};
    EXPECT_TRUE(blocks_are_intact(*record, block.view()));
    EXPECT_FALSE(decode_fields(RecordType::placed_write, fields, block.view()));

    encode_mark(fields, {.chunk = ChunkId(9), .version = Version(4), .state = 2});
    EXPECT_EQ(hex(fields), "09000000000000000400000002");
    encode_epoch(fields, {.file = FileId(8), .epoch = LeaseEpoch(5)});
    EXPECT_EQ(hex(fields), "08000000000000000500000000000000");
    encode_image(fields, {.chunk = ChunkId(9), .page = 1, .checksum = 0x77});
    EXPECT_EQ(hex(fields),
              "0900000000000000010000000000000077000000000000"
              "00");
    EXPECT_LE(fields.size(), small_fields_size);
    encode_number(fields, 0x1234);
    EXPECT_EQ(hex(fields), "3412000000000000");
    EXPECT_FALSE(decode_fields(RecordType(99), fields, {}));
}

// An older image of the same page verifies by itself; the record knows better.
TEST(RecordFormat, AnImageIsBoundToItsRecord) {
    Buffer older = Buffer::allocate(block_size);
    Buffer newer = Buffer::allocate(block_size);
    TablePage page;
    encode_page(page, ChunkId(9), 1, older.mutable_view());
    page.entries[3].flags = TableEntry::zero;
    encode_page(page, ChunkId(9), 1, newer.mutable_view());
    Bytes fields;
    encode_image(fields, {.chunk = ChunkId(9), .page = 1, .checksum = checksum(newer.view())});
    const Result<Record> record = decode_fields(RecordType::page_image, fields, newer.view());
    ASSERT_TRUE(record);
    EXPECT_TRUE(payload_is_intact(*record, newer.view()));
    EXPECT_FALSE(payload_is_intact(*record, older.view()));
}

}  // namespace
}  // namespace cairn::chunk
