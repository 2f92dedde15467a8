// What two programs agree on, and what they say when they do not.
#include "rpc/agreement.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::rpc {
namespace {

using testing::HasSubstr;

ClusterIdentity cluster(uint8_t fill, std::string name) {
    ClusterIdentity made;
    std::ranges::fill(made.id.bytes, fill);
    made.name = std::move(name);
    return made;
}

ServerIdentity server() {
    ServerIdentity identity;
    identity.cluster = cluster(0x11, "demo");
    identity.identity = {Role::mds, 1, 5};
    identity.versions = {2, 4};
    identity.features = 0b1010;
    return identity;
}

ClientHello client() {
    ClientHello hello;
    hello.versions = {1, 3};
    hello.features = 0b1100;
    hello.cluster = cluster(0x11, "demo");
    return hello;
}

Result<void> outcome(const ClientHello& hello, const ServerIdentity& identity) {
    return accept_hello(hello, answer_hello(identity, hello, Nonce{}));
}

TEST(Agreement, HighestCommonVersionAndCommonFeatures) {
    const ServerHello answer = answer_hello(server(), client(), Nonce{});
    EXPECT_EQ(answer.status, Code::ok);
    EXPECT_EQ(answer.version, 3);
    EXPECT_EQ(answer.features, 0b1000u);
    EXPECT_TRUE(accept_hello(client(), answer));
}

TEST(Agreement, VersionMismatchNamesBothRanges) {
    ClientHello old = client();
    old.versions = {1, 1};
    const Result<void> result = outcome(old, server());
    ASSERT_EQ(result.code(), Code::version_mismatch);
    EXPECT_THAT(result.error().message(), HasSubstr("version 2 to 4, this program 1"));
}

TEST(Agreement, WrongClusterNamesBoth) {
    ClientHello foreign = client();
    foreign.cluster = cluster(0x22, "other");
    const Result<void> result = outcome(foreign, server());
    ASSERT_EQ(result.code(), Code::wrong_cluster);
    EXPECT_THAT(result.error().message(), HasSubstr("demo (11111111-1111-1111-1111-111111111111)"));
    EXPECT_THAT(result.error().message(),
                HasSubstr("other (22222222-2222-2222-2222-222222222222)"));
}

TEST(Agreement, AToolThatJoinsNeedNotKnowTheId) {
    ClientHello tool = client();
    tool.cluster = {{}, "demo"};
    EXPECT_TRUE(outcome(tool, server()));
    tool.cluster = {};
    EXPECT_TRUE(outcome(tool, server()));
    tool.cluster = {{}, "other"};
    EXPECT_EQ(outcome(tool, server()).code(), Code::wrong_cluster);
    tool.cluster = cluster(0x11, "renamed");
    EXPECT_EQ(outcome(tool, server()).code(), Code::wrong_cluster);
}

TEST(Agreement, AServersWordIsNotTaken) {
    ServerHello answer = answer_hello(server(), client(), Nonce{});
    answer.version = 2;
    EXPECT_EQ(accept_hello(client(), answer).code(), Code::version_mismatch) << "a downgrade";
    answer = answer_hello(server(), client(), Nonce{});
    answer.features |= 1;
    EXPECT_EQ(accept_hello(client(), answer).code(), Code::version_mismatch);
    answer = answer_hello(server(), client(), Nonce{});
    answer.cluster = cluster(0x33, "demo");
    EXPECT_EQ(accept_hello(client(), answer).code(), Code::wrong_cluster);
    answer = answer_hello(server(), client(), Nonce{});
    answer.status = Code::overloaded;
    EXPECT_EQ(accept_hello(client(), answer).code(), Code::overloaded);
}

}  // namespace
}  // namespace cairn::rpc
