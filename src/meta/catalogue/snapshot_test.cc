// The snapshot's bytes: golden ones, and what a reader refuses. (Random catalogues go through it in
// meta/operations/random_test.cc.)
#include <fmt/core.h>

#include "base/checksum.h"
#include "meta/catalogue/snapshot_reader.h"
#include "meta/catalogue/snapshot_writer.h"
#include "meta/operations/world_for_tests.h"

namespace cairn::meta {
namespace {

// One of everything that a snapshot can hold.
void build_example(World& world) {
    const FileId directory = world.make_directory("images");
    const FileId file = world.make_file("disk", directory);
    logged::MakeNode link;
    link.parent = root_file;
    link.name = "link";
    link.node_kind = NodeKind::symlink;
    link.symlink_target = "images/disk";
    world.run(link, RequestHeader{world.client, InstanceId(1), 5, 4});
    world.run(logged::AddMds{Address{"10.0.0.1", 2510}, true});
    world.run(logged::SetConfig{"gen.do_punch_hole", "1", "10.0.0.9"});
    world.open(file);
    const ChunkId compared = world.add_chunk(file, 0);
    world.leave(compared, world.servers[2]);
    world.start(world.servers[0], true);
    world.choose_source(compared, world.servers[1]);
    world.run(logged::StandIn{compared, world.version(compared), world.servers[0], {9}});
    const ChunkId joining = world.add_chunk(file, 3);
    world.join(joining, world.servers[3]);
    const FileId removed = world.make_file("removed");
    world.open(removed, LeaseMode::shared);
    world.remove("removed");
    const FileId fenced = world.make_file("fenced");
    world.open(fenced);
    world.end(fenced, world.client, logged::LeaseEnd::revoked);
}

std::vector<Bytes> pieces_of(Catalogue& catalogue) {
    SnapshotWriter writer(catalogue);
    std::vector<Bytes> pieces;
    while (auto piece = writer.next_piece())
        pieces.push_back(std::move(*piece));
    return pieces;
}

Result<std::unique_ptr<Catalogue>> read(const std::vector<Bytes>& pieces) {
    SnapshotReader reader;
    for (const Bytes& piece : pieces)
        TRY(reader.add_piece(piece));
    return reader.finish();
}

std::string hex(ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

// Of format 1; a reader must take these for as long as it claims to read that format.
const std::vector<std::string> golden = {
#include "meta/catalogue/snapshot_golden.inc"
};

TEST(Snapshot, HasGoldenBytes) {
    World world;
    build_example(world);
    const std::vector<Bytes> pieces = pieces_of(world.catalogue);
    std::vector<std::string> written;
    written.reserve(pieces.size());
    for (const Bytes& piece : pieces)
        written.push_back(hex(piece));
    if (written != golden)
        for (const std::string& line : written)
            std::cout << '"' << line << "\",\n";
    EXPECT_EQ(written, golden);
}

TEST(Snapshot, GoldenBytesStillLoad) {
    std::vector<Bytes> pieces;
    for (const std::string& line : golden) {
        Bytes& piece = pieces.emplace_back();
        for (size_t i = 0; i + 1 < line.size(); i += 2)
            piece.push_back(static_cast<std::byte>(std::stoi(line.substr(i, 2), nullptr, 16)));
    }
    const auto loaded = read(pieces);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
    World world;
    build_example(world);
    EXPECT_EQ((*loaded)->digest(), world.catalogue.digest());
    EXPECT_EQ((*loaded)->path_of(FileId(3)), "/images/disk");
    EXPECT_EQ((*loaded)->comparisons().begin()->second.stand_ins.size(), 1U);
    EXPECT_EQ((*loaded)->fences().size(), 1U);
    EXPECT_EQ((*loaded)->joiners().size(), 1U);
    EXPECT_EQ((*loaded)->marks().size(), 2U);
    EXPECT_TRUE((*loaded)->settings().punch_hole());
    EXPECT_EQ((*loaded)->client(ClientId(2049))->session.answers().size(), 1U);
}

TEST(Snapshot, OnlyItsOwnOrderIsRead) {
    World world;
    build_example(world);
    const std::vector<Bytes> pieces = pieces_of(world.catalogue);
    EXPECT_TRUE(read(pieces).has_value());
    std::vector<Bytes> swapped = pieces;
    std::swap(swapped[2], swapped[3]);
    EXPECT_EQ(read(swapped).code(), Code::corrupt);
    std::vector<Bytes> cut(pieces.begin(), pieces.end() - 1);
    EXPECT_EQ(read(cut).code(), Code::corrupt);
    std::vector<Bytes> longer = pieces;
    longer.push_back(pieces.back());
    EXPECT_EQ(read(longer).code(), Code::corrupt);
    EXPECT_EQ(SnapshotReader().finish().code(), Code::corrupt);
    std::vector<Bytes> newer = pieces;
    newer[0][4] = std::byte{2};
    EXPECT_EQ(read(newer).code(), Code::version_mismatch);
}

// A piece with its checksum mended after a change, as no accident makes it.
Bytes mended(Bytes piece) {
    const ByteView view(piece);
    const uint64_t sum =
        checksum(view.subspan(piece_header_bytes), checksum(view.first(piece_header_bytes - 8)));
    std::memcpy(piece.data() + piece_header_bytes - 8, &sum, sizeof sum);
    return piece;
}

TEST(Snapshot, RecordsThatDoNotFitAreRefused) {
    World world;
    build_example(world);
    const std::vector<Bytes> pieces = pieces_of(world.catalogue);
    size_t refused = 0;
    size_t tried = 0;
    for (size_t p = 0; p < pieces.size(); p++) {
        for (size_t at = piece_header_bytes; at < pieces[p].size(); at++) {
            std::vector<Bytes> changed = pieces;
            changed[p][at] ^= std::byte{0x40};
            changed[p] = mended(std::move(changed[p]));
            const auto loaded = read(changed);
            tried++;
            if (!loaded) {
                refused++;
                continue;
            }
            // What is taken holds together and can be written again.
            EXPECT_TRUE(read(pieces_of(**loaded)).has_value()) << "piece " << p << " byte " << at;
        }
    }
    EXPECT_GT(refused, tried / 4);
}

}  // namespace
}  // namespace cairn::meta
