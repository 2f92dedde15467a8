#include "chunk/record_format.h"

#include <cstring>

#include "base/checksum.h"

namespace cairn::chunk {

namespace {

constexpr uint32_t flag_punch = 1;

void get_write(ByteReader& reader, WriteFields& fields) {
    reader.get(fields.chunk);
    reader.get(fields.first_block);
    reader.get(fields.count);
    reader.get(fields.version);
    const auto flags = reader.read<uint32_t>();
    fields.punch = flags == flag_punch;
    if ((flags & ~flag_punch) != 0)
        reader.fail();
    reader.get(fields.file);
    reader.get(fields.epoch);
}

// The length of the payload that belongs to the record.
uint64_t get_fields(ByteReader& reader, Record& record) {
    switch (record.type) {
        case RecordType::create:
        case RecordType::page_image:
        case RecordType::header_image:
            reader.get(record.image.chunk);
            reader.get(record.image.page);
            if (reader.read<uint32_t>() != 0)
                reader.fail();
            reader.get(record.image.checksum);
            record.chunk = record.image.chunk;
            return block_size;
        case RecordType::remove: reader.get(record.chunk); return 0;
        case RecordType::write:
            get_write(reader, record.write);
            record.chunk = record.write.chunk;
            record.checksums = reader.take(uint64_t{record.write.count} * sizeof(uint64_t));
            return uint64_t{record.write.count} * block_size;
        case RecordType::placed_write:
            get_write(reader, record.write);
            reader.get(record.write.slot);
            if (reader.read<uint32_t>() != 0 || record.write.punch)
                reader.fail();
            record.chunk = record.write.chunk;
            record.checksums = reader.take(uint64_t{record.write.count} * sizeof(uint64_t));
            return 0;
        case RecordType::zeros:
            get_write(reader, record.write);
            record.chunk = record.write.chunk;
            return 0;
        case RecordType::mark:
            reader.get(record.mark.chunk);
            reader.get(record.mark.version);
            reader.get(record.mark.state);
            if (record.mark.state > static_cast<uint8_t>(ChunkState::joining))
                reader.fail();
            record.chunk = record.mark.chunk;
            return 0;
        case RecordType::epoch:
            reader.get(record.epoch.file);
            reader.get(record.epoch.epoch);
            return 0;
        case RecordType::log_position: reader.get(record.log_position); return 0;
    }
    reader.fail();
    return 0;
}

void put_write(ByteWriter& writer, const WriteFields& fields) {
    writer.put(fields.chunk);
    writer.put(fields.first_block);
    writer.put(fields.count);
    writer.put(fields.version);
    writer.put(fields.punch ? flag_punch : uint32_t{0});
    writer.put(fields.file);
    writer.put(fields.epoch);
}

}  // namespace

void encode_write(Bytes& out, const WriteFields& fields, std::span<const uint64_t> checksums) {
    out.clear();
    ByteWriter writer(out);
    put_write(writer, fields);
    writer.put_raw(std::as_bytes(checksums));
}

void encode_placed_write(Bytes& out, const WriteFields& fields,
                         std::span<const uint64_t> checksums) {
    out.clear();
    ByteWriter writer(out);
    put_write(writer, fields);
    writer.put(fields.slot);
    writer.put(uint32_t{0});
    writer.put_raw(std::as_bytes(checksums));
}

void encode_mark(Bytes& out, const MarkFields& fields) {
    out.clear();
    ByteWriter writer(out);
    writer.put(fields.chunk);
    writer.put(fields.version);
    writer.put(fields.state);
}

void encode_epoch(Bytes& out, const EpochFields& fields) {
    out.clear();
    ByteWriter writer(out);
    writer.put(fields.file);
    writer.put(fields.epoch);
}

void encode_image(Bytes& out, const ImageFields& fields) {
    out.clear();
    ByteWriter writer(out);
    writer.put(fields.chunk);
    writer.put(fields.page);
    writer.put(uint32_t{0});
    writer.put(fields.checksum);
}

void encode_number(Bytes& out, uint64_t number) {
    out.clear();
    ByteWriter(out).put(number);
}

uint64_t Record::checksum_of(uint32_t index) const {
    uint64_t sum;
    std::memcpy(&sum, checksums.data() + index * sizeof sum, sizeof sum);
    return sum;
}

Result<Record> decode_record(const journal::RecordView& view) {
    Record record;
    record.type = static_cast<RecordType>(view.type);
    ByteReader reader(view.fields);
    const uint64_t payload_length = get_fields(reader, record);
    if (!reader.finished() || payload_length != view.payload.size())
        return Error(Code::corrupt, "a journal record is malformed");
    return record;
}

bool blocks_are_intact(const Record& record, ByteView blocks) {
    for (uint32_t i = 0; i < record.write.count; i++) {
        const ByteView block = blocks.subspan(uint64_t{i} * block_size, block_size);
        const uint32_t index = record.write.first_block + i;
        if (block_checksum(record.chunk, index, block) != record.checksum_of(i))
            return false;
    }
    return true;
}

bool payload_is_intact(const Record& record, ByteView payload) {
    if (record.type == RecordType::write)
        return blocks_are_intact(record, payload);
    if (payload.empty())
        return true;
    if (checksum(payload) != record.image.checksum)
        return false;
    if (record.type == RecordType::page_image) {
        TablePage page;
        return decode_page(payload, record.chunk, record.image.page, page).has_value();
    }
    const Result<HeaderBlock> header = decode_header(payload);
    return header && header->header.chunk == record.chunk;
}

}  // namespace cairn::chunk
