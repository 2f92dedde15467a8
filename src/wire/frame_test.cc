// Frames: the bytes they are, and the reader that finds them in a stream however it is cut.
#include "wire/frame.h"

#include <algorithm>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "wire/frame_reader.h"

namespace cairn {
namespace {

std::string hex(ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

Bytes pattern(size_t size, uint32_t seed) {
    Bytes bytes(size);
    for (std::byte& byte : bytes) {
        seed = seed * 1664525 + 1013904223;
        byte = static_cast<std::byte>(seed >> 24);
    }
    return bytes;
}

FrameHeader write_request() {
    FrameHeader header;
    header.method = Method::write_blocks;
    header.request = 0x1122334455667788;
    header.kind = FrameKind::request;
    header.body_length = 5;
    header.payload_length = 8192;
    header.deadline_ms = 2500;
    header.expected_reply = 64;
    return header;
}

TEST(Frame, GoldenHeader) {
    const FrameHeaderBytes raw = encode_frame_header(write_request(), bytes_of("hello"));
    EXPECT_EQ(hex(raw),
              "43524e46"          // CRNF
              "0100"              // version
              "6500"              // method 101
              "8877665544332211"  // request id
              "01"                // request
              "00"
              "0000"      // status
              "05000000"  // body length
              "00200000"  // payload length
              "c4090000"  // deadline
              "40000000"  // expected reply
              "0000000000000000000000000000000000000000"
              "250ce65b8669bded");
}

TEST(Frame, HeaderComesBack) {
    const FrameHeader header = write_request();
    const FrameHeaderBytes raw = encode_frame_header(header, bytes_of("hello"));
    Result<FrameHeader> back = decode_frame_header(raw, protocol_version_max);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, header);
    EXPECT_TRUE(verify_frame(raw, bytes_of("hello")));
    EXPECT_FALSE(verify_frame(raw, bytes_of("hellp")));
}

// Each bit of header and body counts: flipped, the header is refused or the checksum does not hold.
TEST(Frame, EveryBitIsGuarded) {
    const FrameHeaderBytes raw = encode_frame_header(write_request(), bytes_of("hello"));
    for (size_t bit = 0; bit < raw.size() * 8; bit++) {
        FrameHeaderBytes flipped = raw;
        flipped[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        const Result<FrameHeader> header = decode_frame_header(flipped, protocol_version_max);
        EXPECT_TRUE(!header || !verify_frame(flipped, bytes_of("hello"))) << "bit " << bit;
    }
}

TEST(Frame, RefusesOtherVersionsAndSizes) {
    FrameHeaderBytes raw = encode_frame_header(write_request(), bytes_of("hello"));
    EXPECT_EQ(decode_frame_header(raw, 2).code(), Code::version_mismatch);
    raw[22] = std::byte{0x10};  // a body of 1 MiB and 5 bytes
    EXPECT_EQ(decode_frame_header(raw, protocol_version_max).code(), Code::too_large);
    raw = encode_frame_header(write_request(), bytes_of("hello"));
    raw[26] = std::byte{0x40};  // a payload of 4 MiB and 8 KiB
    EXPECT_EQ(decode_frame_header(raw, protocol_version_max).code(), Code::too_large);
}

TEST(Frame, RefusesFieldsThatAKindDoesNotUse) {
    FrameHeader ping;
    FrameHeaderBytes raw = encode_frame_header(ping, {});
    ASSERT_TRUE(decode_frame_header(raw, protocol_version_max));
    raw[8] = std::byte{1};
    EXPECT_EQ(decode_frame_header(raw, protocol_version_max).code(), Code::corrupt);
    raw[8] = std::byte{0};
    raw[16] = std::byte{9};  // no such kind
    EXPECT_EQ(decode_frame_header(raw, protocol_version_max).code(), Code::corrupt);
}

struct Sample {
    FrameHeader header;
    Bytes body;
    Bytes payload;
};

Sample sample(uint64_t request, size_t body, size_t payload) {
    Sample made;
    made.body = pattern(body, static_cast<uint32_t>(request));
    made.payload = pattern(payload, static_cast<uint32_t>(request) + 77);
    made.header.kind = FrameKind::response;
    made.header.request = request;
    made.header.body_length = static_cast<uint32_t>(body);
    made.header.payload_length = static_cast<uint32_t>(payload);
    return made;
}

Bytes stream_of(const std::vector<Sample>& samples) {
    Bytes stream;
    ByteWriter out(stream);
    for (const Sample& one : samples) {
        out.put_raw(encode_frame_header(one.header, one.body));
        out.put_raw(one.body);
        out.put_raw(one.payload);
    }
    return stream;
}

std::vector<Sample> samples_of_all_sizes() {
    const std::vector<size_t> bodies{0, 1, 100, 16383, 16384, 16385, 65536, 262144, frame_body_max};
    const std::vector<size_t> payloads{0, 1, 4096, 16384, 16385, 1 * mib, frame_payload_max};
    std::vector<Sample> samples;
    for (const size_t body : bodies) {
        for (const size_t payload : payloads)
            samples.push_back(sample(samples.size() + 1, body, payload));
    }
    return samples;
}

void expect_same(const Frame& frame, const Sample& expected) {
    EXPECT_EQ(frame.header, expected.header);
    EXPECT_TRUE(std::ranges::equal(frame.body.view(), expected.body));
    EXPECT_TRUE(std::ranges::equal(frame.payload.view(), expected.payload));
    if (expected.payload.size() >= block_size) {
        EXPECT_EQ(reinterpret_cast<uintptr_t>(frame.payload.view().data()) % block_size, 0u)
            << "block data must be fit for direct I/O";
    }
}

// Feeds `stream` in pieces of at most `piece` bytes and compares what comes out.
void read_in_pieces(ByteView stream, size_t piece, const std::vector<Sample>& expected) {
    FrameReader reader(protocol_version_max);
    size_t seen = 0;
    while (true) {
        Result<std::optional<Frame>> next = reader.next();
        ASSERT_TRUE(next);
        if (*next) {
            ASSERT_LT(seen, expected.size());
            expect_same(**next, expected[seen++]);
            continue;
        }
        if (stream.empty())
            break;
        const MutableByteView space = reader.space();
        const size_t count = std::min({piece, space.size(), stream.size()});
        std::ranges::copy(stream.first(count), space.begin());
        reader.received(count);
        stream = stream.subspan(count);
    }
    EXPECT_EQ(seen, expected.size());
    EXPECT_TRUE(reader.at_border());
}

TEST(FrameReader, FindsFramesHoweverTheStreamIsCut) {
    const std::vector<Sample> samples = samples_of_all_sizes();
    const Bytes stream = stream_of(samples);
    for (const size_t piece : {size_t{997}, size_t{4096}, size_t{70000}, stream.size()})
        read_in_pieces(stream, piece, samples);
    const std::vector<Sample> few{sample(1, 3, 5), sample(2, 0, 0), sample(3, 20000, 17000)};
    read_in_pieces(stream_of(few), 1, few);
}

TEST(FrameReader, ManySmallFramesComeOutOfOneReceive) {
    std::vector<Sample> samples;
    for (uint64_t i = 1; i <= 2000; i++)
        samples.push_back(sample(i, i % 50, 0));
    read_in_pieces(stream_of(samples), 256 * kib, samples);
}

TEST(FrameReader, LargePayloadsAreReceivedInPlace) {
    FrameReader reader(protocol_version_max);
    const Sample large = sample(1, 100, 1 * mib);
    const Bytes stream = stream_of({large});
    const size_t first = frame_header_size + 100 + 1000;
    std::ranges::copy(ByteView(stream).first(first), reader.space().begin());
    reader.received(first);
    Result<std::optional<Frame>> none = reader.next();
    ASSERT_TRUE(none && !*none);
    const MutableByteView space = reader.space();
    ASSERT_EQ(space.size(), 1 * mib - 1000);
    std::ranges::copy(ByteView(stream).subspan(first), space.begin());
    reader.received(space.size());
    Result<std::optional<Frame>> next = reader.next();
    ASSERT_TRUE(next && *next);
    EXPECT_EQ((*next)->payload.view().data() + 1000, space.data());
    expect_same(**next, large);
    EXPECT_EQ(reader.space().size(), 4 * kib) << "the next large one should not be copied either";
}

TEST(FrameReader, AFlippedBodyByteIsAnError) {
    for (const size_t body : {size_t{10}, size_t{100'000}}) {
        Bytes stream = stream_of({sample(1, body, 0)});
        stream[frame_header_size + body / 2] ^= std::byte{1};
        FrameReader reader(protocol_version_max);
        ByteView rest = stream;
        Result<std::optional<Frame>> next = reader.next();
        while (next && !rest.empty()) {
            const MutableByteView space = reader.space();
            const size_t count = std::min(space.size(), rest.size());
            std::ranges::copy(rest.first(count), space.begin());
            reader.received(count);
            rest = rest.subspan(count);
            next = reader.next();
        }
        EXPECT_EQ(next.code(), Code::corrupt);
    }
}

TEST(FrameReader, AForeignLengthSizesNoAllocation) {
    FrameHeaderBytes raw = encode_frame_header(write_request(), bytes_of("hello"));
    raw[23] = std::byte{0xFF};
    FrameReader reader(protocol_version_max);
    std::ranges::copy(raw, reader.space().begin());
    reader.received(raw.size());
    EXPECT_EQ(reader.next().code(), Code::too_large);
}

}  // namespace
}  // namespace cairn
