// Foreign bytes as the pieces of a snapshot: refused, or a catalogue that can be used and written
// again. With an even first byte the rest are pieces as they are, each after two bytes of length;
// else records (section, length, bytes) that are put into pieces with good checksums.
#include "base/checksum.h"
#include "meta/catalogue/snapshot_reader.h"
#include "meta/catalogue/snapshot_writer.h"

namespace {

using namespace cairn;
using namespace cairn::meta;

Bytes piece_with(Section section, uint32_t number, ByteView record) {
    Bytes piece;
    ByteWriter writer(piece);
    writer.put(snapshot_magic);
    writer.put(snapshot_format);
    writer.put(section);
    writer.put(number);
    writer.put(uint32_t{1});
    writer.put(static_cast<uint32_t>(record.size() + 4));
    writer.put(uint32_t{0});
    Bytes payload;
    ByteWriter(payload).put_bytes(record);
    writer.put(checksum(payload, checksum(piece)));
    writer.put_raw(payload);
    return piece;
}

void use(Catalogue& catalogue) {
    catalogue.tables().nodes.for_each([&](uint64_t file, const std::unique_ptr<Node>&) {
        CHECK(!catalogue.path_of(FileId(file)).empty());
    });
    catalogue.chunks().for_each([&](uint64_t id, const Chunk& chunk) {
        CHECK(catalogue.chunk_maps(chunk.file, {chunk.index})->chunks[0].chunk == ChunkId(id));
    });
    SnapshotReader again;
    SnapshotWriter writer(catalogue);
    while (const auto piece = writer.next_piece())
        CHECK(again.add_piece(*piece).has_value());
    const auto copy = again.finish();
    CHECK(copy.has_value() && (*copy)->digest() == catalogue.digest());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ByteReader reader(std::as_bytes(std::span(data, size)));
    const bool made = (reader.read<uint8_t>() & 1) != 0;
    SnapshotReader snapshot;
    for (uint32_t number = 0; reader.remaining() != 0; number++) {
        const auto section = made ? static_cast<Section>(reader.read<uint8_t>()) : Section::head;
        const ByteView bytes = reader.take(reader.read<uint16_t>());
        if (!reader.ok())
            break;
        const Result<void> added = made ? snapshot.add_piece(piece_with(section, number, bytes))
                                        : snapshot.add_piece(bytes);
        if (!added)
            return 0;
    }
    const auto catalogue = snapshot.finish();
    if (catalogue)
        use(**catalogue);
    return 0;
}
