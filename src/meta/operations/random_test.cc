// Long random logs: the invariants hold after every entry, the same log gives the same catalogue,
// and a snapshot taken while the log goes on is the catalogue as it was.
#include "meta/catalogue/snapshot_reader.h"
#include "meta/catalogue/snapshot_writer.h"
#include "meta/operations/random_log_steps_for_tests.h"

namespace cairn::meta {
namespace {

std::unique_ptr<Catalogue> read_back(const std::vector<Bytes>& pieces) {
    SnapshotReader reader;
    for (const Bytes& piece : pieces) {
        const Result<void> added = reader.add_piece(piece);
        EXPECT_TRUE(added.has_value()) << added.error().message();
        if (!added)
            return nullptr;
    }
    EXPECT_TRUE(reader.complete());
    Result<std::unique_ptr<Catalogue>> read = reader.finish();
    EXPECT_TRUE(read.has_value()) << read.error().message();
    return read ? std::move(*read) : nullptr;
}

std::vector<Bytes> all_pieces(SnapshotWriter& writer) {
    std::vector<Bytes> pieces;
    while (auto piece = writer.next_piece())
        pieces.push_back(std::move(*piece));
    return pieces;
}

TEST(RandomLog, KeepsTheInvariants) {
    uint64_t chunks = 0;
    uint64_t comparisons = 0;
    uint64_t suspects = 0;
    uint64_t ended = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        RandomWorld world(seed);
        for (int i = 0; i < 800; i++) {
            world.step();
            ASSERT_EQ(broken_invariant(world.catalogue), "")
                << "seed " << seed << " step " << i << " after " << name_of(world.log.back().kind);
            chunks = std::max<uint64_t>(chunks, world.catalogue.chunks().size());
            comparisons = std::max<uint64_t>(comparisons, world.catalogue.comparisons().size());
            suspects += world.effects.suspect.size();
            ended += world.effects.leases_ended.size();
        }
    }
    // The walk must get to where the rules matter.
    EXPECT_GT(chunks, 20U);
    EXPECT_GT(comparisons, 2U);
    EXPECT_GT(suspects, 50U);
    EXPECT_GT(ended, 200U);
}

TEST(RandomLog, TheSameLogGivesTheSameCatalogue) {
    for (uint64_t seed = 100; seed < 110; seed++) {
        RandomWorld world(seed);
        for (int i = 0; i < 500; i++)
            world.step();
        Catalogue again;
        for (const LogEntry& entry : world.log) {
            const Result<Applied> applied = apply(again, again.applied().next(), entry);
            ASSERT_TRUE(applied.has_value());
        }
        EXPECT_EQ(again.digest(), world.catalogue.digest());
        // And the digest tells catalogues apart.
        world.run(logged::SetNode{root_file, 0700, {}, {}, {}});
        EXPECT_NE(again.digest(), world.catalogue.digest());
    }
}

// A change of what entries mean shows here: raise the feature level with it.
TEST(RandomLog, HasAGoldenDigest) {
    RandomWorld world(7);
    for (int i = 0; i < 3000; i++)
        world.step();
    EXPECT_EQ(world.catalogue.digest(), 10942679358170046261U);
}

TEST(RandomSnapshot, IsTheCatalogue) {
    for (uint64_t seed = 200; seed < 230; seed++) {
        RandomWorld world(seed);
        for (uint64_t i = 0; i < seed * 3; i++)
            world.step();
        SnapshotWriter writer(world.catalogue);
        const auto copy = read_back(all_pieces(writer));
        ASSERT_NE(copy, nullptr) << "seed " << seed;
        EXPECT_EQ(copy->digest(), world.catalogue.digest());
        EXPECT_EQ(copy->totals(), world.catalogue.totals());
        EXPECT_EQ(broken_invariant(*copy), "");
        // Both go on alike.
        for (int i = 0; i < 100; i++)
            world.step();
        for (const LogEntry& entry :
             std::vector(world.log.begin() + static_cast<ptrdiff_t>(copy->applied().number),
                         world.log.end()))
            ASSERT_TRUE(apply(*copy, copy->applied().next(), entry).has_value());
        EXPECT_EQ(copy->digest(), world.catalogue.digest());
    }
}

TEST(RandomSnapshot, IsOfTheMomentItBegan) {
    for (uint64_t seed = 300; seed < 320; seed++) {
        RandomWorld world(seed);
        // Enough that nodes and chunks take several pieces.
        for (int i = 0; i < 2500; i++)
            world.make_file("x" + std::to_string(i));
        for (int i = 0; i < 700; i++)
            world.step();
        const uint64_t digest = world.catalogue.digest();
        const LogIndex position = world.catalogue.applied();
        SnapshotWriter writer(world.catalogue);
        std::vector<Bytes> pieces;
        while (auto piece = writer.next_piece()) {
            pieces.push_back(std::move(*piece));
            for (int i = 0; i < 60; i++)
                world.step();
            for (int i = 0; i < 30; i++)
                world.remove("x" + std::to_string(world.stream.below(2500)));
        }
        EXPECT_EQ(writer.position(), position);
        EXPECT_GE(pieces.size(), 8U);
        EXPECT_NE(world.catalogue.digest(), digest);
        const auto copy = read_back(pieces);
        ASSERT_NE(copy, nullptr);
        EXPECT_EQ(copy->digest(), digest) << "seed " << seed;
        EXPECT_EQ(broken_invariant(*copy), "");
    }
}

TEST(RandomSnapshot, DamageIsNoticed) {
    RandomWorld world(5);
    for (int i = 0; i < 300; i++)
        world.step();
    SnapshotWriter writer(world.catalogue);
    const std::vector<Bytes> pieces = all_pieces(writer);
    Stream stream(9);
    for (int i = 0; i < 500; i++) {
        std::vector<Bytes> damaged = pieces;
        Bytes& piece = damaged[stream.below(damaged.size())];
        piece[stream.below(piece.size())] ^= static_cast<std::byte>(1 + stream.below(255));
        SnapshotReader reader;
        bool refused = false;
        for (const Bytes& each : damaged)
            refused = refused || !reader.add_piece(each);
        EXPECT_TRUE(refused);
    }
    for (size_t missing = 0; missing < pieces.size(); missing++) {
        SnapshotReader reader;
        bool refused = false;
        for (size_t i = 0; i < pieces.size(); i++)
            if (i != missing)
                refused = refused || !reader.add_piece(pieces[i]);
        EXPECT_TRUE(refused || !reader.complete());
        if (!refused)
            EXPECT_EQ(reader.finish().code(), Code::corrupt);
    }
}

}  // namespace
}  // namespace cairn::meta
