#include "raft/codec.h"

#include <gtest/gtest.h>

#include "raft/membership.h"
#include "raft/message.h"
#include "raft/random.h"

namespace cairn::raft {
namespace {

Membership members() {
    return {{{MdsId(1), false, {std::byte{7}}}, {MdsId(2), true, {}}}};
}

std::vector<Message> samples() {
    const auto message = [](MessageBody body) {
        return Message{MdsId(1), MdsId(2), Term(9), std::move(body)};
    };
    const std::vector<Entry> entries = {
        {Term(3), LogIndex(5), EntryKind::noop, {}},
        {Term(3), LogIndex(6), EntryKind::data, Buffer::copy_of(bytes_of("payload"))},
        {Term(8), LogIndex(7), EntryKind::membership, encode_membership(members())},
    };
    return {
        message(VoteRequest{true, false, {LogIndex(4), Term(2)}}),
        message(VoteResponse{false, true}),
        message(AppendRequest{{LogIndex(4), Term(2)}, LogIndex(3), entries}),
        message(AppendRequest{{LogIndex(0), Term(0)}, LogIndex(0), {}}),
        message(AppendResponse{false, LogIndex(4), {LogIndex(3), Term(2)}}),
        message(HeartbeatRequest{LogIndex(3), 77}),
        message(HeartbeatResponse{77}),
        message(TimeoutNow{}),
    };
}

TEST(Codec, MessagesComeBackAsTheyWere) {
    for (const Message& message : samples()) {
        const Bytes bytes = encode_message(message);
        const auto decoded = decode_message(bytes);
        ASSERT_TRUE(decoded) << decoded.error().message();
        EXPECT_EQ(*decoded, message);
    }
}

TEST(Codec, LayoutIsFixed) {
    const Message message{
        MdsId(1), MdsId(2), Term(3),
        AppendRequest{{LogIndex(4), Term(2)},
                      LogIndex(1),
                      {{Term(3), LogIndex(5), EntryKind::data, Buffer::copy_of(bytes_of("ab"))}}}};
    const std::string expected(
        "\1\2\0\0"          // version, kind, zero
        "\1\0\0\0\2\0\0\0"  // from, to
        "\3\0\0\0\0\0\0\0"
        "\4\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"
        "\1\0\0\0\0\0\0\0"
        "\1\0\0\0"
        "\3\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\1\2\0\0\0ab",
        20 + 16 + 8 + 4 + 23);
    EXPECT_EQ(text_of(encode_message(message)), expected);
}

TEST(Codec, EveryPrefixAndEveryExtraByteIsRefused) {
    for (const Message& message : samples()) {
        Bytes bytes = encode_message(message);
        for (size_t length = 0; length < bytes.size(); length++)
            EXPECT_EQ(decode_message(ByteView(bytes).first(length)).code(), Code::corrupt);
        bytes.push_back(std::byte{0});
        EXPECT_EQ(decode_message(bytes).code(), Code::corrupt);
    }
}

TEST(Codec, AnotherVersionIsNamed) {
    Bytes bytes = encode_message(samples().front());
    bytes[0] = std::byte{2};
    EXPECT_EQ(decode_message(bytes).code(), Code::version_mismatch);
}

// What is accepted after damage is well-formed and encodes to the same bytes again.
TEST(Codec, DamagedBytesAreRefusedOrMeanWhatTheySay) {
    SplitMix random(5);
    const std::vector<Message> all = samples();
    size_t refused = 0;
    for (int round = 0; round < 50'000; round++) {
        Bytes bytes = encode_message(all[random.below(all.size())]);
        for (uint64_t changes = 1 + random.below(3); changes > 0; changes--)
            bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
        const auto decoded = decode_message(bytes);
        if (decoded)
            ASSERT_EQ(encode_message(*decoded), bytes);
        else
            refused++;
    }
    EXPECT_GT(refused, 10'000u);
}

TEST(Codec, RefusesWhatNoHonestServerSends) {
    const auto refused = [](Message message) {
        return decode_message(encode_message(message)).code() == Code::corrupt;
    };
    const auto append = [](std::vector<Entry> entries) {
        return Message{MdsId(1), MdsId(2), Term(5),
                       AppendRequest{{LogIndex(4), Term(2)}, LogIndex(1), std::move(entries)}};
    };
    EXPECT_FALSE(refused(append({{Term(2), LogIndex(5), EntryKind::noop, {}}})));
    EXPECT_TRUE(refused(append({{Term(2), LogIndex(6), EntryKind::noop, {}}})));
    EXPECT_TRUE(refused(append({{Term(1), LogIndex(5), EntryKind::noop, {}}})));
    EXPECT_TRUE(refused(append({{Term(6), LogIndex(5), EntryKind::noop, {}}})));
    EXPECT_TRUE(refused(append({{Term(2), LogIndex(5), EntryKind::membership, {}}})));
    EXPECT_TRUE(refused({MdsId(1), MdsId(1), Term(5), TimeoutNow{}}));
    EXPECT_TRUE(refused({MdsId(), MdsId(1), Term(5), TimeoutNow{}}));
    EXPECT_TRUE(refused({MdsId(1), MdsId(2), Term(), TimeoutNow{}}));
    EXPECT_TRUE(refused({MdsId(1), MdsId(2), Term(term_max + 1), TimeoutNow{}}));
}

TEST(Codec, StoredStateComesBackAsItWas) {
    const HardState state{Term(3), MdsId(2), LogIndex(9)};
    const SnapshotMeta meta{LogIndex(8), Term(2), members()};
    Bytes bytes;
    ByteWriter out(bytes);
    put_hard_state(out, state);
    put_snapshot_meta(out, meta);
    ByteReader in(bytes);
    EXPECT_EQ(get_hard_state(in), state);
    EXPECT_EQ(get_snapshot_meta(in), meta);
    EXPECT_TRUE(in.finished());
}

}  // namespace
}  // namespace cairn::raft
