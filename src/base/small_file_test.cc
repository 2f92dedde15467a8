#include "base/small_file.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

constexpr SmallFileKind kind{0x1122334455667788ULL, 3, "the list", ": make it anew"};

Bytes file_with(uint32_t number) {
    Bytes bytes = begin_small_file(kind);
    ByteWriter(bytes).put(number);
    return end_small_file(std::move(bytes));
}

TEST(SmallFile, GivesBackItsContent) {
    const Bytes bytes = file_with(7);
    EXPECT_EQ(bytes.size(), 8U + 4 + 4 + 8);
    Result<ByteReader> in = read_small_file(kind, bytes);
    ASSERT_TRUE(in);
    EXPECT_EQ(in->read<uint32_t>(), 7U);
    EXPECT_TRUE(in->finished());
}

TEST(SmallFile, AnyFlippedBitAndAnyMissingByteIsNoticed) {
    const Bytes bytes = file_with(7);
    for (size_t bit = 0; bit < bytes.size() * 8; bit++) {
        Bytes bad = bytes;
        bad[bit / 8] ^= std::byte(1U << (bit % 8));
        EXPECT_EQ(read_small_file(kind, bad).code(), Code::corrupt) << bit;
    }
    for (size_t size = 0; size < bytes.size(); size++)
        EXPECT_EQ(read_small_file(kind, ByteView(bytes).first(size)).code(), Code::corrupt);
}

TEST(SmallFile, SaysWhatIsWrong) {
    EXPECT_EQ(small_file_is_damaged(kind).message(), "the list is damaged: make it anew");
    const Bytes bytes = file_with(7);
    SmallFileKind other = kind;
    other.magic++;
    EXPECT_EQ(read_small_file(other, bytes).error().message(), "this is not the list");
    other = kind;
    other.format++;
    EXPECT_EQ(read_small_file(other, bytes).code(), Code::version_mismatch);
}

}  // namespace
}  // namespace cairn
