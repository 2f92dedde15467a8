// The budgets of memory: at most 100 bytes a replica and 400 a file (cluster.md); and that a large
// catalogue is written and read back. The times that the test program prints are the measurement:
// tools/bench/catalogue.py runs it with ten million chunks.
#include <cstdlib>
#include <malloc.h>

#include "meta/catalogue/snapshot_reader.h"
#include "meta/catalogue/snapshot_writer.h"
#include "meta/operations/world_for_tests.h"

namespace cairn::meta {
namespace {

constexpr uint64_t file_count = 50'000;

// Set CAIRN_CHUNKS for another number.
uint64_t chunks_wanted() {
    const char* const set = std::getenv("CAIRN_CHUNKS");
    return set == nullptr ? 4 * file_count : std::strtoull(set, nullptr, 10);
}
const uint64_t chunks_a_file = std::max<uint64_t>(chunks_wanted() / file_count, 1);
const uint64_t chunk_count = chunks_a_file * file_count;

size_t heap_bytes() {
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

class SizeTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        world = std::make_unique<World>(12);
        const size_t before = heap_bytes();
        for (uint64_t i = 0; i < file_count; i++)
            add_file(i);
        bytes_of_files = heap_bytes() - before;
    }
    static void TearDownTestSuite() {
        world.reset();
        pieces.clear();
    }
    static void add_file(uint64_t i) {
        logged::MakeNode make;
        make.parent = root_file;
        make.name = "image-" + std::to_string(i) + ".disk";
        apply_one(make);
    }
    template <class Operation>
    static Answer apply_one(const Operation& operation) {
        Catalogue& catalogue = world->catalogue;
        return apply(catalogue, catalogue.applied().next(), entry_of(operation, WallTime{1}))
            ->answer;
    }
    // Replicas spread over the servers as placement does.
    static size_t fill(uint64_t replicas) {
        const size_t before = heap_bytes();
        for (uint64_t f = 0; f < file_count; f++) {
            const FileId file(2 + f);
            const logged::ReserveChunkIds reserve{static_cast<uint32_t>(chunks_a_file)};
            auto id = apply_one(reserve).as<logged::ReserveChunkIdsAnswer>()->first;
            world->open(file);
            world->log.clear();
            logged::AddChunks add{file, world->client, InstanceId(1), world->epoch(file), {}};
            for (uint64_t i = 0; i < chunks_a_file; i++) {
                logged::AddChunks::NewChunk made{i, id, {}};
                for (uint64_t k = 0; k < replicas; k++)
                    made.places.push_back(
                        {world->servers[(id.number * 7 + k * 5) % world->servers.size()], 1});
                add.chunks.push_back(made);
                id = id.next();
            }
            EXPECT_TRUE(apply_one(add).ok());
            world->close(file);
            world->log.clear();
        }
        return heap_bytes() - before;
    }

    static std::unique_ptr<World> world;
    static std::vector<Bytes> pieces;
    static size_t bytes_of_files;
};

std::unique_ptr<World> SizeTest::world;
std::vector<Bytes> SizeTest::pieces;
size_t SizeTest::bytes_of_files = 0;

TEST_F(SizeTest, AFileTakesAtMost400Bytes) {
    if (bytes_of_files == 0)
        GTEST_SKIP() << "this build's allocator counts nothing";
    const size_t each = bytes_of_files / file_count;
    EXPECT_LE(each, 400U);
    std::cout << each << " bytes a file without chunks\n";
}

TEST_F(SizeTest, AReplicaTakesAtMost100Bytes) {
    logged::SetAttributes one{root_file, true, uint8_t{1}, {}, {}, {}};
    EXPECT_TRUE(apply_one(one).ok());
    const size_t single = fill(1) / chunk_count;
    for (uint64_t f = 0; f < file_count; f++)
        apply_one(logged::Truncate{FileId(2 + f), {}, {}, 0});
    EXPECT_EQ(world->catalogue.chunks().size(), 0U);
    const size_t triple = fill(3) / chunk_count;
    std::cout << single << " bytes a chunk with one replica, " << triple << " with three\n";
    EXPECT_EQ(world->catalogue.totals().replicas, 3 * chunk_count);
    if (bytes_of_files == 0)
        GTEST_SKIP() << "this build's allocator counts nothing";
    EXPECT_LE(single, 100U);
    EXPECT_LE(triple, 300U);
}

TEST_F(SizeTest, WritesASnapshot) {
    SnapshotWriter writer(world->catalogue);
    size_t bytes = 0;
    while (auto piece = writer.next_piece()) {
        bytes += piece->size();
        pieces.push_back(std::move(*piece));
    }
    std::cout << pieces.size() << " pieces, " << bytes / 1'000'000 << " MB, for " << file_count
              << " files and " << chunk_count << " chunks\n";
    EXPECT_GT(pieces.size(), 100U);
}

TEST_F(SizeTest, LoadsASnapshot) {
    SnapshotReader reader;
    for (const Bytes& piece : pieces)
        ASSERT_TRUE(reader.add_piece(piece).has_value());
    const auto copy = reader.finish();
    ASSERT_TRUE(copy.has_value());
    EXPECT_EQ((*copy)->totals(), world->catalogue.totals());
    EXPECT_EQ((*copy)->chunks().size(), chunk_count);
}

TEST_F(SizeTest, AnUncleanStartOfAServerWithManyChunks) {
    const size_t held = world->catalogue.server(world->servers[0])->chunks.size();
    EXPECT_GT(held, chunk_count / 6);
    EXPECT_TRUE(world->start(world->servers[0], true).ok());
    EXPECT_EQ(world->catalogue.server(world->servers[0])->chunks.size(), held) << "all believed";
}

}  // namespace
}  // namespace cairn::meta
