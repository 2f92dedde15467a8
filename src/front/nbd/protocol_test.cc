// The wire's layouts against bytes written down by hand from the protocol's description.
#include "front/nbd/protocol.h"

#include <gtest/gtest.h>
#include <string>

#include "front/nbd/export.h"

namespace cairn::nbd {
namespace {

std::string hex(ByteView bytes) {
    static const char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::byte b : bytes) {
        text += digits[static_cast<uint8_t>(b) >> 4];
        text += digits[static_cast<uint8_t>(b) & 15];
    }
    return text;
}

Bytes unhex(std::string_view text) {
    Bytes bytes;
    for (size_t i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(
            static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    return bytes;
}

TEST(NbdProtocol, Greeting) {
    EXPECT_EQ(hex(encode_greeting()),
              "4e42444d41474943"
              "49484156454f5054"
              "0003");
}

TEST(NbdProtocol, OptionHeader) {
    const auto header =
        decode_option_header(unhex("49484156454f5054"
                                   "00000007"
                                   "00000102"));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->option, Option::go);
    EXPECT_EQ(header->length, 0x102u);
    EXPECT_EQ(decode_option_header(unhex("49484156454f5055"
                                         "00000007"
                                         "00000000"))
                  .code(),
              Code::corrupt);
}

TEST(NbdProtocol, OptionReply) {
    EXPECT_EQ(
        hex(encode_option_reply(Option::starttls, OptionReply::error_unsupported, bytes_of("no"))),
        "0003e889045565a9"
        "00000005"
        "80000001"
        "00000002"
        "6e6f");
}

TEST(NbdProtocol, Request) {
    const auto request =
        decode_request(unhex("25609513"
                             "0001"
                             "0001"
                             "1122334455667788"
                             "0000000100000200"
                             "00001000"));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->flags, fua);
    EXPECT_EQ(request->command, Command::write);
    EXPECT_EQ(request->cookie, 0x1122334455667788u);
    EXPECT_EQ(request->offset, 0x100000200u);
    EXPECT_EQ(request->length, 4096u);
    EXPECT_EQ(decode_request(unhex("25609514"
                                   "0001"
                                   "0001"
                                   "1122334455667788"
                                   "0000000100000200"
                                   "00001000"))
                  .code(),
              Code::corrupt);
}

TEST(NbdProtocol, Replies) {
    Bytes out;
    append_simple_reply(out, 0x1122334455667788, WireError::no_space);
    EXPECT_EQ(hex(out),
              "67446698"
              "0000001c"
              "1122334455667788");
    out.clear();
    append_error_chunk(out, 1, WireError::io, "bad");
    EXPECT_EQ(hex(out),
              "668e33ef"
              "0001"
              "8001"
              "0000000000000001"
              "00000009"
              "00000005"
              "0003"
              "626164");
    out.clear();
    append_data_chunk(out, 2, false, 0x1000, 0x200);
    EXPECT_EQ(hex(out),
              "668e33ef"
              "0000"
              "0001"
              "0000000000000002"
              "00000208"
              "0000000000001000");
    out.clear();
    append_hole_chunk(out, 3, true, 0x2000, 0x1000);
    EXPECT_EQ(hex(out),
              "668e33ef"
              "0001"
              "0002"
              "0000000000000003"
              "0000000c"
              "0000000000002000"
              "00001000");
    out.clear();
    const block::Extent extents[] = {{0x1000, block::ExtentKind::data},
                                     {0x2000, block::ExtentKind::hole},
                                     {0x3000, block::ExtentKind::zero}};
    append_status_chunk(out, 4, 1, extents);
    EXPECT_EQ(hex(out),
              "668e33ef"
              "0001"
              "0005"
              "0000000000000004"
              "0000001c"
              "00000001"
              "00001000"
              "00000000"
              "00002000"
              "00000003"
              "00003000"
              "00000002");
}

TEST(NbdProtocol, AnErrorMessageIsCutToTheLongestText) {
    Bytes out;
    append_error_chunk(out, 1, WireError::io, std::string(70'000, 'x'));
    EXPECT_EQ(out.size(), structured_header_size + 6 + text_max);
}

TEST(NbdProtocol, ErrorsOnTheWire) {
    EXPECT_EQ(wire_error_of(Code::no_space), WireError::no_space);
    EXPECT_EQ(wire_error_of(Code::read_only), WireError::not_permitted);
    EXPECT_EQ(wire_error_of(Code::not_supported), WireError::not_supported);
    EXPECT_EQ(wire_error_of(Code::lease_lost), WireError::io);
    EXPECT_EQ(wire_error_of(Code::corrupt), WireError::io);
    EXPECT_EQ(wire_error_of(Code::out_of_range), WireError::invalid);
}

TEST(NbdUri, NamesWhereAndWhat) {
    EXPECT_EQ(uri_of({"10.0.0.1", 10809}, "disk"), "nbd://10.0.0.1:10809/disk");
    EXPECT_EQ(uri_of({"::1", 1}, ""), "nbd://[::1]:1/");
    EXPECT_EQ(uri_of({"/run/a b.sock", 0}, "vms/disk 1&x"),
              "nbd+unix:///vms/disk%201%26x?socket=/run/a%20b.sock");
}

}  // namespace
}  // namespace cairn::nbd
