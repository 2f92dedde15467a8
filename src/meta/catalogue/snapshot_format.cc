#include "meta/catalogue/snapshot_format.h"

#include "base/checksum.h"

namespace cairn::meta {

NodeImage image_of(FileId file, const Node& node) {
    NodeImage image;
    image.file = file;
    image.parent = node.parent;
    if (node.name != nullptr)
        image.name = *node.name;
    image.kind = node.kind;
    image.size = node.size;
    image.zero_from = node.zero_from;
    image.created = node.created;
    image.modified = node.modified;
    image.changed = node.changed;
    image.epoch = node.epoch;
    image.storage = node.storage;
    image.mode = node.mode;
    image.uid = node.uid;
    image.gid = node.gid;
    image.link_count = node.link_count;
    if (node.symlink_target)
        image.symlink_target = *node.symlink_target;
    return image;
}

ChunkImage image_of(ChunkId id, const Chunk& chunk) {
    ChunkImage image;
    image.chunk = id;
    image.file = chunk.file;
    image.index = chunk.index;
    image.version = chunk.version;
    image.marked = chunk.marked;
    image.pieces.reserve(chunk.pieces.size());
    for (const ChunkPiece& piece : chunk.pieces)
        image.pieces.push_back(PieceImage{piece.cs, piece.since, piece.state, piece.suspect});
    return image;
}

namespace {

// A record may own more than travels (a server's chunks, a session's answers): written in place.
template <class Record, class... Before>
Bytes encode_in_place(const Record& record, const Before&... before) {
    Bytes bytes;
    Encoder encoder(bytes);
    encoder(before...);
    const_cast<Record&>(record).fields(encoder);  // an encoder only reads
    return bytes;
}

}  // namespace

SectionRecords small_records(const Catalogue& catalogue) {
    const Tables& tables = catalogue.tables();
    SectionRecords records;
    records.emplace_back(Section::head,
                         encode(HeadRecord{tables.cluster, tables.cluster_name, tables.created,
                                           tables.applied, tables.feature_level, tables.counters,
                                           tables.settings.all(), tables.events.last_number()}));
    for (const auto& [cs, record] : tables.servers)
        records.emplace_back(Section::chunk_servers, encode_in_place(record, cs));
    for (const auto& [mds, record] : tables.metadata_servers)
        records.emplace_back(Section::metadata_servers, encode(MdsImage{mds, record}));
    for (const auto& [client, record] : tables.clients)
        records.emplace_back(Section::clients,
                             encode_in_place(record, client, record.session.below()));
    for (const auto& [client, record] : tables.clients)
        for (const auto& [sequence, answer] : record.session.answers())
            records.emplace_back(Section::answers, encode(AnswerImage{client, sequence, answer}));
    for (const Event& event : tables.events.all())
        records.emplace_back(Section::events, encode(event));
    for (const auto& [file, lease] : tables.leases)
        records.emplace_back(Section::leases, encode(LeaseImage{file, lease}));
    for (const auto& [chunk, comparison] : tables.comparisons)
        records.emplace_back(Section::comparisons, encode(ComparisonImage{chunk, comparison.source,
                                                                          comparison.stand_ins}));
    return records;
}

uint64_t Catalogue::digest() const {
    uint64_t digest = 0;
    for (const auto& [section, record] : small_records(*this))
        digest = checksum(record, digest + static_cast<uint64_t>(section));
    tables_.nodes.for_each([&](uint64_t file, const std::unique_ptr<Node>& node) {
        digest = checksum(encode(image_of(FileId(file), *node)), digest);
    });
    tables_.chunks.for_each([&](uint64_t id, const Chunk& chunk) {
        digest = checksum(encode(image_of(ChunkId(id), chunk)), digest);
    });
    return digest;
}

}  // namespace cairn::meta
