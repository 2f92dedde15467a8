// The hello's messages: their bytes, and that nothing else decodes.
#include "wire/hello.h"

#include <algorithm>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/checksum.h"

namespace cairn {
namespace {

std::string hex(ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

template <size_t size>
std::array<std::byte, size> counting(uint8_t from) {
    std::array<std::byte, size> bytes;
    for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(from++);
    return bytes;
}

ClusterIdentity demo() {
    ClusterIdentity cluster;
    std::ranges::generate(cluster.id.bytes, [next = uint8_t{0xC0}]() mutable { return next++; });
    cluster.name = "demo";
    return cluster;
}

ClientHello client_hello() {
    ClientHello hello;
    hello.versions = {1, 3};
    hello.features = 0x0102030405060708;
    hello.cluster = demo();
    hello.identity = {Role::chunk_server, 1025, 0xAABBCCDD};
    hello.session = 7;
    hello.nonce = counting<32>(1);
    return hello;
}

ServerHello server_hello() {
    ServerHello hello;
    hello.versions = {1, 2};
    hello.version = 2;
    hello.features = 4;
    hello.cluster = demo();
    hello.identity = {Role::mds, 1, 0x55};
    hello.derivation = {counting<16>(0x80), 3, 65536};
    hello.nonce = counting<32>(0x40);
    return hello;
}

std::string zeros(size_t count) {
    return std::string(count * 2, '0');
}

TEST(Hello, GoldenClientHello) {
    EXPECT_EQ(hex(encode(client_hello())),
              "43524e48"
              "0100"
              "0100"  // CRNH, client hello, format 1
              "0100"
              "0300"
              "00000000"          // versions
              "0807060504030201"  // features
              "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
              "64656d6f" +
                  zeros(60) +  // demo
                  "02"
                  "000000"
                  "01040000"
                  "ddccbbaa00000000"
                  "0700000000000000"
                  "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
                  "d5f9d4ca750cedf6");
}

TEST(Hello, GoldenServerHello) {
    EXPECT_EQ(hex(encode(server_hello())),
              "43524e48"
              "0200"
              "0100"
              "0100"
              "0200"
              "0200"
              "0000"
              "0400000000000000"
              "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
              "64656d6f" +
                  zeros(60) +
                  "01"
                  "000000"
                  "01000000"
                  "5500000000000000"
                  "808182838485868788898a8b8c8d8e8f"
                  "03000000"
                  "00000100"
                  "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f" +
                  zeros(24) + "5d9afbb46632e600");
}

TEST(Hello, GoldenProof) {
    EXPECT_EQ(hex(encode(HelloProof{Code::ok, counting<32>(1)})),
              "43524e48"
              "0300"
              "0100"
              "0000"
              "000000000000"
              "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
              "e7db08317ad66f36");
}

TEST(Hello, ComesBack) {
    const auto client = decode_client_hello(encode(client_hello()));
    ASSERT_TRUE(client);
    EXPECT_EQ(*client, client_hello());
    const auto server = decode_server_hello(encode(server_hello()));
    ASSERT_TRUE(server);
    EXPECT_EQ(*server, server_hello());
    const HelloProof refusal{Code::authentication_failed, {}};
    const auto proof = decode_proof(encode(refusal));
    ASSERT_TRUE(proof);
    EXPECT_EQ(*proof, refusal);
}

TEST(Hello, EveryBitIsGuarded) {
    const ClientHelloBytes raw = encode(client_hello());
    for (size_t bit = 0; bit < raw.size() * 8; bit++) {
        ClientHelloBytes flipped = raw;
        flipped[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        EXPECT_EQ(decode_client_hello(flipped).code(), Code::corrupt) << "bit " << bit;
    }
}

// With its checksum mended, so that only the field itself can be the reason.
Code code_with(size_t offset, uint8_t value) {
    ClientHelloBytes raw = encode(client_hello());
    raw[offset] = static_cast<std::byte>(value);
    const uint64_t sum = checksum(ByteView(raw).first(160));
    std::memcpy(raw.data() + 160, &sum, sizeof sum);
    return decode_client_hello(raw).code();
}

TEST(Hello, FieldsMustMakeSense) {
    EXPECT_EQ(code_with(0, 'C'), Code::ok) << "the mended checksum itself must be right";
    EXPECT_EQ(code_with(0, 'X'), Code::corrupt);
    EXPECT_EQ(code_with(4, 2), Code::corrupt) << "another kind of message";
    EXPECT_EQ(code_with(6, 2), Code::corrupt) << "another format";
    EXPECT_EQ(code_with(8, 0), Code::corrupt) << "version 0";
    EXPECT_EQ(code_with(8, 9), Code::corrupt) << "an empty range of versions";
    EXPECT_EQ(code_with(12, 1), Code::corrupt) << "padding";
    EXPECT_EQ(code_with(41, '/'), Code::corrupt) << "a name with a slash";
    EXPECT_EQ(code_with(103, 'x'), Code::corrupt) << "a name without an end";
    EXPECT_EQ(code_with(104, 0), Code::corrupt) << "no role";
    EXPECT_EQ(code_with(104, 5), Code::corrupt) << "an unknown role";
    EXPECT_EQ(code_with(106, 5), Code::corrupt) << "padding";
}

TEST(Hello, SaysWhoItIs) {
    EXPECT_EQ(to_string(PeerIdentity{Role::chunk_server, 1025, 3}), "CS#1025");
    EXPECT_EQ(to_string(PeerIdentity{Role::mds, 1, 3}), "MDS#1");
    EXPECT_EQ(to_string(PeerIdentity{Role::client, 2049, 3}), "client 2049");
    EXPECT_EQ(to_string(PeerIdentity{Role::tool, 0, 3}), "tool");
}

}  // namespace
}  // namespace cairn
