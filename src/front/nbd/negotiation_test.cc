#include "front/nbd/negotiation.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/big_endian.h"

namespace cairn::nbd {
namespace {

struct Reply {
    OptionReply type{};
    Bytes data;
};

// Takes a server's answer apart as a client does.
std::vector<Reply> parse(const Bytes& bytes, Option option) {
    std::vector<Reply> replies;
    BigEndianReader reader(bytes);
    while (reader.remaining() > 0) {
        EXPECT_EQ(reader.read<uint64_t>(), option_reply_magic);
        EXPECT_EQ(reader.read<Option>(), option);
        Reply reply;
        reply.type = reader.read<OptionReply>();
        const auto length = reader.read<uint32_t>();
        const ByteView data = reader.take(length);
        reply.data.assign(data.begin(), data.end());
        replies.push_back(std::move(reply));
    }
    EXPECT_TRUE(reader.ok());
    return replies;
}

Bytes go_data(std::string_view name, const std::vector<InfoType>& asked) {
    Bytes data;
    BigEndianWriter writer(data);
    writer.put(static_cast<uint32_t>(name.size()));
    writer.put_raw(bytes_of(name));
    writer.put(static_cast<uint16_t>(asked.size()));
    for (const InfoType type : asked)
        writer.put(type);
    return data;
}

Bytes context_data(std::string_view name, const std::vector<std::string>& queries) {
    Bytes data;
    BigEndianWriter writer(data);
    writer.put(static_cast<uint32_t>(name.size()));
    writer.put_raw(bytes_of(name));
    writer.put(static_cast<uint32_t>(queries.size()));
    for (const std::string& query : queries) {
        writer.put(static_cast<uint32_t>(query.size()));
        writer.put_raw(bytes_of(query));
    }
    return data;
}

class NegotiationTest : public testing::Test {
  protected:
    Step say(Option option, const Bytes& data = {}) {
        const auto index = negotiation_.concerns(option, data);
        if (!index)
            return negotiation_.option(option, data, nullptr);
        const ExportFacts facts{.name = names_[*index],
                                .description = *index == 0 ? "the first" : "",
                                .size = 1000 + *index,
                                .flags = has_flags | send_flush};
        return negotiation_.option(option, data, &facts);
    }
    std::vector<Reply> ask(Option option, const Bytes& data = {}) {
        const Step step = say(option, data);
        EXPECT_EQ(step.next, Next::option);
        return parse(step.reply, option);
    }

    std::vector<std::string> names_{"one", "two"};
    Negotiation negotiation_{names_};
};

TEST_F(NegotiationTest, KnownClientFlagsOnly) {
    EXPECT_EQ(negotiation_.client_flags(Bytes{{}, {}, {}, std::byte{3}}).next, Next::option);
    EXPECT_EQ(negotiation_.client_flags(Bytes{{}, {}, {}, std::byte{4}}).next, Next::hang_up);
}

TEST_F(NegotiationTest, ExportNameAnswersInTheOldWay) {
    static_cast<void>(negotiation_.client_flags(Bytes{{}, {}, {}, std::byte{1}}));
    const Bytes name(bytes_of("two").begin(), bytes_of("two").end());
    Step step = say(Option::export_name, name);
    EXPECT_EQ(step.next, Next::transmit);
    EXPECT_EQ(step.reply.size(), 8 + 2 + 124u);
    EXPECT_EQ(negotiation_.agreement().export_index, 1u);
    static_cast<void>(negotiation_.client_flags(Bytes{{}, {}, {}, std::byte{3}}));
    step = say(Option::export_name);  // "": the first
    EXPECT_EQ(step.reply.size(), 8 + 2u);
    EXPECT_EQ(negotiation_.agreement().export_index, 0u);
    const Bytes unknown(bytes_of("three").begin(), bytes_of("three").end());
    EXPECT_EQ(say(Option::export_name, unknown).next, Next::hang_up);
}

TEST_F(NegotiationTest, ListsEveryExport) {
    const auto replies = ask(Option::list);
    ASSERT_EQ(replies.size(), 3u);
    EXPECT_EQ(replies[0].type, OptionReply::server);
    EXPECT_EQ(text_of(ByteView(replies[0].data).subspan(4)), "one");
    EXPECT_EQ(text_of(ByteView(replies[1].data).subspan(4)), "two");
    EXPECT_EQ(replies[2].type, OptionReply::ack);
    EXPECT_EQ(ask(Option::list, Bytes(1))[0].type, OptionReply::error_invalid);
}

TEST_F(NegotiationTest, RefusesWhatItDoesNotHaveAndGoesOn) {
    EXPECT_EQ(ask(Option::starttls)[0].type, OptionReply::error_unsupported);
    EXPECT_EQ(ask(static_cast<Option>(4711), Bytes(10))[0].type, OptionReply::error_unsupported);
    EXPECT_EQ(ask(Option::go, go_data("three", {}))[0].type, OptionReply::error_unknown);
    EXPECT_EQ(ask(Option::info, Bytes(3))[0].type, OptionReply::error_invalid);
    Bytes trailing = go_data("one", {});
    trailing.push_back({});
    EXPECT_EQ(ask(Option::go, trailing)[0].type, OptionReply::error_invalid);
    EXPECT_EQ(parse(Negotiation::too_big(Option::list).reply, Option::list)[0].type,
              OptionReply::error_too_big);
    EXPECT_EQ(Negotiation::too_big(Option::export_name).next, Next::hang_up);
}

TEST_F(NegotiationTest, InfoTellsWhatWasAsked) {
    const auto replies = ask(
        Option::info, go_data("", {InfoType::name, InfoType::description, InfoType::block_size}));
    ASSERT_EQ(replies.size(), 5u);
    BigEndianReader exported(replies[0].data);
    EXPECT_EQ(exported.read<InfoType>(), InfoType::exported);
    EXPECT_EQ(exported.read<uint64_t>(), 1000u);
    EXPECT_EQ(exported.read<uint16_t>(), has_flags | send_flush);
    EXPECT_EQ(text_of(ByteView(replies[1].data).subspan(2)), "one");
    EXPECT_EQ(text_of(ByteView(replies[2].data).subspan(2)), "the first");
    BigEndianReader sizes(replies[3].data);
    EXPECT_EQ(sizes.read<InfoType>(), InfoType::block_size);
    EXPECT_EQ(sizes.read<uint32_t>(), 1u);
    EXPECT_EQ(sizes.read<uint32_t>(), 4096u);
    EXPECT_EQ(sizes.read<uint32_t>(), 32u << 20);
    EXPECT_EQ(replies[4].type, OptionReply::ack);
    EXPECT_EQ(ask(Option::info, go_data("two", {})).size(), 2u);
}

TEST_F(NegotiationTest, GoEndsTheHaggling) {
    ask(Option::structured_reply);
    const Step step = say(Option::go, go_data("two", {}));
    EXPECT_EQ(step.next, Next::transmit);
    const auto replies = parse(step.reply, Option::go);
    BigEndianReader exported(ByteView(replies[0].data).subspan(10));
    EXPECT_EQ(exported.read<uint16_t>(), has_flags | send_flush | send_df);
    EXPECT_EQ(negotiation_.agreement().export_index, 1u);
    EXPECT_TRUE(negotiation_.agreement().structured_replies);
    EXPECT_FALSE(negotiation_.agreement().block_status);
}

TEST_F(NegotiationTest, AbortIsAcknowledged) {
    const Step step = say(Option::abort);
    EXPECT_EQ(step.next, Next::hang_up);
    EXPECT_EQ(parse(step.reply, Option::abort)[0].type, OptionReply::ack);
}

TEST_F(NegotiationTest, ContextsNeedStructuredReplies) {
    const Bytes data = context_data("one", {"base:allocation"});
    EXPECT_EQ(ask(Option::set_meta_context, data)[0].type, OptionReply::error_invalid);
    ask(Option::structured_reply);
    const auto replies = ask(Option::set_meta_context, data);
    ASSERT_EQ(replies.size(), 2u);
    EXPECT_EQ(replies[0].type, OptionReply::meta_context);
    EXPECT_EQ(text_of(ByteView(replies[0].data).subspan(4)), "base:allocation");
    EXPECT_TRUE(negotiation_.agreement().block_status);
    EXPECT_EQ(say(Option::go, go_data("one", {})).next, Next::transmit);
    EXPECT_TRUE(negotiation_.agreement().block_status);
}

TEST_F(NegotiationTest, AContextIsForItsExportOnly) {
    ask(Option::structured_reply);
    ask(Option::set_meta_context, context_data("one", {"base:allocation"}));
    EXPECT_EQ(say(Option::go, go_data("two", {})).next, Next::transmit);
    EXPECT_FALSE(negotiation_.agreement().block_status);
}

TEST_F(NegotiationTest, EachSetReplacesTheOneBefore) {
    ask(Option::structured_reply);
    ask(Option::set_meta_context, context_data("one", {"base:allocation"}));
    EXPECT_EQ(ask(Option::set_meta_context, context_data("one", {"qemu:x"})).size(), 1u);
    EXPECT_FALSE(negotiation_.agreement().block_status);
    ask(Option::set_meta_context, context_data("one", {"a:b", "base:allocation"}));
    EXPECT_TRUE(negotiation_.agreement().block_status);
    EXPECT_EQ(ask(Option::set_meta_context, Bytes(2))[0].type, OptionReply::error_invalid);
    EXPECT_FALSE(negotiation_.agreement().block_status);
}

TEST_F(NegotiationTest, ListsContextsByWildcard) {
    ask(Option::structured_reply);
    EXPECT_EQ(ask(Option::list_meta_context, context_data("one", {})).size(), 2u);
    EXPECT_EQ(ask(Option::list_meta_context, context_data("one", {"base:"})).size(), 2u);
    EXPECT_EQ(ask(Option::list_meta_context, context_data("one", {"qemu:"})).size(), 1u);
    EXPECT_EQ(ask(Option::list_meta_context, context_data("x", {}))[0].type,
              OptionReply::error_unknown);
    EXPECT_FALSE(negotiation_.agreement().block_status);
}

}  // namespace
}  // namespace cairn::nbd
