#include "meta/node/peer_lives.h"

#include <gtest/gtest.h>

#include "meta/node/cluster_for_test.h"

namespace cairn::meta {
namespace {

constexpr MdsId peer(2);

TEST(PeerLives, ARestartGoesOnAndAnOlderCopyDoesNot) {
    PeerLives lives;
    EXPECT_TRUE(lives.take(peer, 11, 5, 5)) << "nothing was known of it";
    EXPECT_TRUE(lives.take(peer, 11, 5, 90));
    EXPECT_TRUE(lives.take(peer, 11, 5, 80)) << "an old message of the same life";
    EXPECT_TRUE(lives.take(peer, 12, 90, 90)) << "started again with all it had";
    EXPECT_TRUE(lives.take(peer, 12, 90, 95));
    EXPECT_FALSE(lives.take(peer, 13, 94, 200)) << "it has forgotten a group, whatever it wrote";
    EXPECT_FALSE(lives.take(peer, 11, 5, 91)) << "the life before speaks again: two run";
    EXPECT_TRUE(lives.take(peer, 12, 90, 96));
    EXPECT_TRUE(lives.take(peer, 14, 97, 97)) << "what was never told may be there, too";
    EXPECT_TRUE(lives.take(MdsId(3), 13, 1, 1)) << "each has its own";
}

TEST(PeerLives, WhatOthersSawCountsToo) {
    PeerLives here;
    EXPECT_TRUE(here.take(peer, 11, 5, 50));
    here.hear({peer, 11, 70});
    here.hear({peer, 10, 60});
    EXPECT_TRUE(here.take(peer, 11, 5, 51)) << "still the same life";
    EXPECT_FALSE(here.take(peer, 12, 69, 69));
    EXPECT_TRUE(here.take(peer, 12, 70, 70));
    here.forget(peer);
    EXPECT_TRUE(here.take(peer, 13, 1, 1));
}

TEST(PeerLives, AreKeptAndEveryFlippedByteIsNoticed) {
    PeerLives lives;
    EXPECT_FALSE(lives.take_changed());
    EXPECT_TRUE(lives.take(peer, 11, 5, 50));
    EXPECT_TRUE(lives.take(MdsId(3), 7, 5, 9));
    EXPECT_TRUE(lives.take_changed());
    EXPECT_TRUE(lives.take(peer, 11, 5, 50));
    EXPECT_FALSE(lives.take_changed()) << "nothing new";
    const LogOwner owner{test_cluster_id(), MdsId(1)};
    const Bytes bytes = lives.encode(owner);
    Result<PeerLives> back = PeerLives::decode(bytes, owner);
    ASSERT_TRUE(back.has_value());
    EXPECT_FALSE(back->take(peer, 12, 49, 49));
    EXPECT_TRUE(back->take(peer, 12, 50, 50));
    EXPECT_FALSE(PeerLives::decode(bytes, {test_cluster_id(), MdsId(2)}).has_value());
    for (size_t i = 0; i < bytes.size(); i++) {
        Bytes bad = bytes;
        bad[i] ^= std::byte{1};
        EXPECT_FALSE(PeerLives::decode(bad, owner).has_value()) << i;
    }
}

}  // namespace
}  // namespace cairn::meta
