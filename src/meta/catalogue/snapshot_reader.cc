#include "meta/catalogue/snapshot_reader.h"

#include <fmt/core.h>

#include "base/checksum.h"
#include "meta/catalogue/change.h"

namespace cairn::meta {

namespace {

struct PieceHeader {
    uint16_t format = 0;
    Section section{};
    uint32_t number = 0;
    uint32_t records = 0;
    ByteView payload;
};

Result<PieceHeader> read_header(ByteView piece) {
    ByteReader reader(piece);
    PieceHeader header;
    const auto magic = reader.read<uint32_t>();
    reader.get(header.format);
    reader.get(header.section);
    reader.get(header.number);
    reader.get(header.records);
    const auto length = reader.read<uint32_t>();
    const auto zero = reader.read<uint32_t>();
    const auto sum = reader.read<uint64_t>();
    if (!reader.ok() || magic != snapshot_magic)
        return Error(Code::corrupt, "this is not a snapshot of a catalogue");
    if (header.format != snapshot_format)
        return Error(Code::version_mismatch,
                     fmt::format("the snapshot has format {}; this program reads format {}",
                                 header.format, snapshot_format));
    header.payload = reader.take(length);
    if (!reader.finished() || zero != 0 ||
        checksum(header.payload, checksum(piece.first(piece_header_bytes - 8))) != sum)
        return Error(Code::corrupt, "a piece of the snapshot is damaged");
    return header;
}

Result<void> belongs(bool holds, Section section) {
    if (holds)
        return {};
    return Error(Code::corrupt, fmt::format("a record of section {} does not fit the others",
                                            static_cast<uint16_t>(section)));
}

template <class Record>
Result<Record> read_record(ByteView bytes) {
    return decode<Record>(bytes);
}

}  // namespace

SnapshotReader::SnapshotReader()
    : catalogue_(std::make_unique<Catalogue>()), tables_(catalogue_->tables()) {}

Result<void> SnapshotReader::add_piece(ByteView piece) {
    const Result<PieceHeader> header = read_header(piece);
    if (!header)
        return header.error();
    const bool in_order = header->number == pieces_ && header->section >= section_ &&
                          header->section <= Section::end && !complete_ &&
                          (pieces_ != 0 || header->section == Section::head);
    if (!in_order)
        return Error(Code::corrupt, "a piece of the snapshot is out of order");
    pieces_++;
    if (header->section != section_) {
        section_ = header->section;
        last_key_ = 0;
        records_ = 0;
    }
    ByteReader payload(header->payload);
    for (uint32_t i = 0; i < header->records; i++) {
        const ByteView record = payload.get_bytes();
        if (!payload.ok())
            break;
        TRY(add_record(section_, record));
        records_++;
    }
    if (!payload.finished())
        return Error(Code::corrupt, "the records of a snapshot's piece do not fill it");
    complete_ = section_ == Section::end;
    return {};
}

Result<void> SnapshotReader::add_record(Section section, ByteView bytes) {
    const auto add_as = [&]<class Record>(const Result<Record>& record) -> Result<void> {
        if (!record)
            return record.error();
        return belongs(add(*record), section);
    };
    switch (section) {
        case Section::head: return add_as(read_record<HeadRecord>(bytes));
        case Section::chunk_servers: return add_as(read_record<CsImage>(bytes));
        case Section::metadata_servers: return add_as(read_record<MdsImage>(bytes));
        case Section::clients: return add_as(read_record<ClientImage>(bytes));
        case Section::answers: return add_as(read_record<AnswerImage>(bytes));
        case Section::events: return add_as(read_record<Event>(bytes));
        case Section::leases: return add_as(read_record<LeaseImage>(bytes));
        case Section::comparisons: return add_as(read_record<ComparisonImage>(bytes));
        case Section::nodes: return add_as(read_record<NodeImage>(bytes));
        case Section::chunks: return add_as(read_record<ChunkImage>(bytes));
        case Section::end: return add_as(read_record<EndRecord>(bytes));
    }
    return Error(Code::corrupt, "a piece of the snapshot has an unknown section");
}

Result<std::unique_ptr<Catalogue>> SnapshotReader::finish() {
    if (!complete_)
        return Error(Code::corrupt, "the snapshot ends before its end");
    if (!tables_.events.restore(last_event_, std::move(events_)))
        return Error(Code::corrupt, "the events of the snapshot are out of order");
    if (!links_hold() || !leases_hold() || !comparisons_hold())
        return Error(Code::corrupt, "the snapshot refers to what it does not hold");
    return std::move(catalogue_);
}

}  // namespace cairn::meta
