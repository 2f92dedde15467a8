// The cluster's key, its file, and the proofs made with it.
#include "rpc/key.h"

#include <algorithm>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <string>

#include "rpc/proof.h"

namespace cairn::rpc {
namespace {

KeyDerivation cheap() {
    KeyDerivation derivation;
    for (size_t i = 0; i < derivation.salt.size(); i++)
        derivation.salt[i] = static_cast<std::byte>(i);
    derivation.operations = cheapest_operations;
    derivation.memory_kib = cheapest_memory_kib;
    return derivation;
}

ClusterKey derived(std::string_view password, const KeyDerivation& derivation = cheap()) {
    Result<ClusterKey> key = derive_key(password, derivation);
    CHECK(key.has_value());
    return *key;
}

std::string hex(ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

TEST(Key, FollowsFromPasswordSaltAndCost) {
    // Every later program must derive what hosts have stored.
    EXPECT_EQ(hex(derived("swordfish").view()),
              "06f04cae71fbdc821f3754eae9ba7e4d363180c72a1f25fe3d2fda6e34fa1cf8");
    KeyDerivation other_salt = cheap();
    other_salt.salt[3] = std::byte{99};
    KeyDerivation other_cost = cheap();
    other_cost.operations = 2;
    KeyDerivation other_memory = cheap();
    other_memory.memory_kib = 16;
    EXPECT_EQ(derived("swordfish"), derived("swordfish"));
    EXPECT_FALSE(derived("swordfish") == derived("swordfisH"));
    EXPECT_FALSE(derived("swordfish") == derived("swordfish", other_salt));
    EXPECT_FALSE(derived("swordfish") == derived("swordfish", other_cost));
    EXPECT_FALSE(derived("swordfish") == derived("swordfish", other_memory));
}

TEST(Key, RefusesCostsThatAServerMustNotAskFor) {
    KeyDerivation huge = cheap();
    huge.memory_kib = 4 * 1024 * 1024;
    EXPECT_EQ(derive_key("swordfish", huge).code(), Code::invalid_argument);
    KeyDerivation endless = cheap();
    endless.operations = 1000;
    EXPECT_EQ(derive_key("swordfish", endless).code(), Code::invalid_argument);
    EXPECT_EQ(derive_key("swordfish", KeyDerivation{}).code(), Code::invalid_argument);
    EXPECT_EQ(derive_key("", cheap()).code(), Code::invalid_argument);
}

KeyFile sample_file() {
    ClusterKey::Content content;
    std::ranges::fill(content, std::byte{0xAB});
    KeyFile file;
    std::ranges::fill(file.cluster.bytes, uint8_t{0x12});
    file.derivation = cheap();
    file.key = ClusterKey(content);
    return file;
}

constexpr std::string_view golden_file =
    "cairn-key 1\n"
    "cluster 12121212-1212-1212-1212-121212121212\n"
    "salt 000102030405060708090a0b0c0d0e0f\n"
    "operations 1\n"
    "memory-kib 8\n"
    "key abababababababababababababababababababababababababababababababab\n"
    "checksum e962cbda7fec3fb4\n";

TEST(KeyFile, GoldenText) {
    EXPECT_EQ(text_of(encode_key_file(sample_file())), golden_file);
    Result<KeyFile> back = decode_key_file(bytes_of(golden_file));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, sample_file());
}

TEST(KeyFile, EveryByteIsGuarded) {
    for (size_t i = 0; i < golden_file.size(); i++) {
        std::string changed(golden_file);
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(decode_key_file(bytes_of(changed))) << "byte " << i;
        EXPECT_FALSE(decode_key_file(bytes_of(golden_file.substr(0, i)))) << "cut at " << i;
    }
    EXPECT_FALSE(decode_key_file(bytes_of(std::string(golden_file) + "x")));
}

TEST(KeyFile, NamesTheVersionThatItDoesNotKnow) {
    std::string newer(golden_file);
    newer[10] = '2';
    const Result<KeyFile> file = decode_key_file(bytes_of(newer));
    EXPECT_EQ(file.code(), Code::version_mismatch);
    EXPECT_NE(file.error().message().find("version 2"), std::string::npos);
}

TEST(Proofs, DependOnEverything) {
    const ClusterKey key = derived("swordfish");
    ClientHello client;
    client.versions = {1, 1};
    ServerHello server;
    server.versions = {1, 1};
    const Proofs proofs = make_proofs(key, encode(client), encode(server));
    EXPECT_NE(proofs.client, proofs.server) << "a proof sent back must prove nothing";
    EXPECT_FALSE(std::ranges::equal(proofs.client, proofs.session.view()));
    EXPECT_FALSE(std::ranges::equal(proofs.server, proofs.session.view()));

    const Proofs same = make_proofs(key, encode(client), encode(server));
    EXPECT_EQ(proofs.client, same.client);
    const Proofs other_key = make_proofs(derived("haddock"), encode(client), encode(server));
    client.nonce[31] = std::byte{1};
    const Proofs other_client = make_proofs(key, encode(client), encode(server));
    server.nonce[0] = std::byte{1};
    const Proofs other_server = make_proofs(key, encode(client), encode(server));
    for (const Proofs* other : {&other_key, &other_client, &other_server}) {
        EXPECT_NE(proofs.client, other->client);
        EXPECT_NE(proofs.server, other->server);
        EXPECT_FALSE(proofs.session == other->session);
    }
}

}  // namespace
}  // namespace cairn::rpc
