#include "meta/catalogue/snapshot_writer.h"

#include "base/checksum.h"

namespace cairn::meta {

namespace {

void put_record(Bytes& payload, ByteView record) {
    ByteWriter(payload).put_bytes(record);
}

Bytes piece_of(Section section, uint32_t number, uint32_t records, ByteView payload) {
    Bytes piece;
    piece.reserve(piece_header_bytes + payload.size());
    ByteWriter writer(piece);
    writer.put(snapshot_magic);
    writer.put(snapshot_format);
    writer.put(section);
    writer.put(number);
    writer.put(records);
    writer.put(static_cast<uint32_t>(payload.size()));
    writer.put(uint32_t{0});
    writer.put(checksum(payload, checksum(piece)));
    writer.put_raw(payload);
    return piece;
}

}  // namespace

SnapshotWriter::SnapshotWriter(Catalogue& catalogue)
    : catalogue_(catalogue), position_(catalogue.applied()) {
    for (auto& record : small_records(catalogue))
        small_.push_back(std::move(record));
    catalogue_.observe(this);
}

SnapshotWriter::~SnapshotWriter() {
    catalogue_.stop_observing(this);
}

void SnapshotWriter::before_node(FileId file) {
    if (file.number < node_cursor_ || node_images_.contains(file.number))
        return;
    const Node* node = catalogue_.node(file);
    node_images_.emplace(file.number, node == nullptr ? Bytes{} : encode(image_of(file, *node)));
}

void SnapshotWriter::before_chunk(ChunkId chunk) {
    if (chunk.number < chunk_cursor_ || chunk_images_.contains(chunk.number))
        return;
    const Chunk* now = catalogue_.chunk(chunk);
    chunk_images_.emplace(chunk.number, now == nullptr ? Bytes{} : encode(image_of(chunk, *now)));
}

// One section a piece, so that a reader knows what it holds by its header.
void SnapshotWriter::gather_small(Bytes& payload, uint32_t& records) {
    section_ = small_.front().first;
    while (!small_.empty() && small_.front().first == section_ &&
           payload.size() < piece_payload_bytes) {
        put_record(payload, small_.front().second);
        records++;
        small_.pop_front();
    }
}

template <class Table, class Encode>
void SnapshotWriter::gather(const Table& table, Images& images, uint64_t& cursor, Bytes& payload,
                            uint32_t& records, Encode encode_now) {
    while (payload.size() < piece_payload_bytes) {
        const auto entry = table.next(cursor);
        const auto image = images.begin();
        if (image != images.end() && (entry.value == nullptr || image->first <= entry.key)) {
            if (!image->second.empty()) {
                put_record(payload, image->second);
                records++;
            }
            cursor = image->first + 1;
            images.erase(image);
        } else if (entry.value != nullptr) {
            put_record(payload, encode_now(entry.key, *entry.value));
            records++;
            cursor = entry.key + 1;
        } else {
            cursor = UINT64_MAX;
            return;
        }
    }
}

std::optional<Bytes> SnapshotWriter::next_piece() {
    if (done_)
        return std::nullopt;
    Bytes payload;
    payload.reserve(piece_payload_bytes + 4096);
    uint32_t records = 0;
    if (!small_.empty()) {
        gather_small(payload, records);
    } else if (node_cursor_ != UINT64_MAX) {
        section_ = Section::nodes;
        gather(catalogue_.tables().nodes, node_images_, node_cursor_, payload, records,
               [](uint64_t file, const std::unique_ptr<Node>& node) {
                   return encode(image_of(FileId(file), *node));
               });
        nodes_written_ += records;
    } else if (chunk_cursor_ != UINT64_MAX) {
        section_ = Section::chunks;
        gather(
            catalogue_.tables().chunks, chunk_images_, chunk_cursor_, payload, records,
            [](uint64_t id, const Chunk& chunk) { return encode(image_of(ChunkId(id), chunk)); });
        chunks_written_ += records;
    } else {
        section_ = Section::end;
        put_record(payload, encode(EndRecord{nodes_written_, chunks_written_}));
        records = 1;
        done_ = true;
    }
    return piece_of(section_, pieces_++, records, payload);
}

}  // namespace cairn::meta
