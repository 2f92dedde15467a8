#include "journal/ring_format.h"

#include <cstring>

#include "base/check.h"
#include "base/checksum.h"

namespace cairn::journal {

namespace {

constexpr size_t superblock_checked = block_size - sizeof(uint64_t);
constexpr size_t header_checked = 88;
constexpr uint64_t staged_flag = 1;

template <class T>
void put_at(MutableByteView out, size_t offset, T value) {
    std::memcpy(out.data() + offset, &value, sizeof value);
}

template <class T>
T get_at(ByteView in, size_t offset) {
    T value;
    std::memcpy(&value, in.data() + offset, sizeof value);
    return value;
}

Error damaged(const char* what) {
    return {Code::corrupt, what};
}

}  // namespace

Bytes encode(const Superblock& superblock) {
    Bytes block;
    block.reserve(block_size);
    ByteWriter writer(block);
    writer.put(superblock_magic);
    writer.put(ring_version);
    writer.put(uint32_t{0});
    writer.put(superblock.ring_id);
    writer.put(superblock.capacity);
    writer.put(superblock.update);
    writer.put(superblock.session);
    writer.put(superblock.start_position);
    writer.put(superblock.start_sequence);
    writer.put(superblock.start_chain);
    writer.put(superblock.durable_below);
    writer.put(superblock.staged ? staged_flag : uint64_t{0});
    writer.put_zeros(superblock_checked - writer.size());
    writer.put(checksum(block));
    return block;
}

Result<Superblock> decode_superblock(ByteView block) {
    if (block.size() != block_size)
        return damaged("a superblock has 4 KiB");
    if (get_at<uint64_t>(block, superblock_checked) != checksum(block.first(superblock_checked)))
        return damaged("a superblock's checksum does not hold");
    ByteReader reader(block);
    if (reader.read<uint64_t>() != superblock_magic)
        return damaged("not a journal");
    if (reader.read<uint32_t>() != ring_version)
        return Error(Code::version_mismatch, "the journal was written by another version");
    static_cast<void>(reader.read<uint32_t>());
    Superblock superblock;
    reader.get(superblock.ring_id);
    reader.get(superblock.capacity);
    reader.get(superblock.update);
    reader.get(superblock.session);
    reader.get(superblock.start_position);
    reader.get(superblock.start_sequence);
    reader.get(superblock.start_chain);
    reader.get(superblock.durable_below);
    const auto flags = reader.read<uint64_t>();
    superblock.staged = flags == staged_flag;
    const bool sane = flags <= staged_flag && superblock.capacity % block_size == 0 &&
                      superblock.capacity >= ring_size_min - ring_offset &&
                      superblock.capacity <= INT64_MAX &&
                      superblock.start_position % block_size == 0 && superblock.start_sequence > 0;
    if (!sane)
        return damaged("a superblock says what cannot be");
    return superblock;
}

void encode_group(GroupHeader& header, MutableByteView meta) {
    CHECK(meta.size() == header.meta_length && meta.size() % block_size == 0);
    header.meta_checksum = checksum(meta.subspan(group_header_size));
    put_at(meta, 0, group_magic);
    put_at(meta, 8, ring_version);
    put_at(meta, 12, header.record_count);
    put_at(meta, 16, header.ring_id);
    put_at(meta, 24, header.session);
    put_at(meta, 32, header.sequence);
    put_at(meta, 40, header.position);
    put_at(meta, 48, header.durable_through);
    put_at(meta, 56, header.chain);
    put_at(meta, 64, header.length);
    put_at(meta, 68, header.meta_length);
    put_at(meta, 72, header.meta_checksum);
    put_at(meta, 80, uint64_t{0});
    header.header_checksum = checksum(meta.first(header_checked), header.ring_id);
    put_at(meta, header_checked, header.header_checksum);
}

Result<GroupHeader> decode_group_header(ByteView block, uint64_t ring_id) {
    if (block.size() < group_header_size || get_at<uint64_t>(block, 0) != group_magic)
        return damaged("not a group");
    GroupHeader header;
    header.header_checksum = get_at<uint64_t>(block, header_checked);
    if (header.header_checksum != checksum(block.first(header_checked), ring_id))
        return damaged("a group header's checksum does not hold");
    if (get_at<uint32_t>(block, 8) != ring_version)
        return Error(Code::version_mismatch, "the journal was written by another version");
    header.record_count = get_at<uint32_t>(block, 12);
    header.ring_id = get_at<uint64_t>(block, 16);
    header.session = get_at<uint64_t>(block, 24);
    header.sequence = get_at<uint64_t>(block, 32);
    header.position = get_at<uint64_t>(block, 40);
    header.durable_through = get_at<uint64_t>(block, 48);
    header.chain = get_at<uint64_t>(block, 56);
    header.length = get_at<uint32_t>(block, 64);
    header.meta_length = get_at<uint32_t>(block, 68);
    header.meta_checksum = get_at<uint64_t>(block, 72);
    const bool sane = header.ring_id == ring_id && header.length % block_size == 0 &&
                      header.meta_length % block_size == 0 && header.meta_length > 0 &&
                      header.meta_length <= header.length && header.position % block_size == 0;
    if (!sane)
        return damaged("a group header says what cannot be");
    return header;
}

bool resembles_group(ByteView block, uint64_t ring_id, Sequence sequence) {
    if (block.size() < group_header_size)
        return false;
    if (decode_group_header(block, ring_id))
        return get_at<uint64_t>(block, 32) == sequence;
    const bool magic = get_at<uint64_t>(block, 0) == group_magic;
    const bool ring = get_at<uint64_t>(block, 16) == ring_id;
    const bool number = get_at<uint64_t>(block, 32) == sequence;
    return magic + ring + number >= 2;
}

uint64_t encode_record(MutableByteView at, uint16_t type, ByteView fields,
                       uint32_t payload_length) {
    const uint64_t size = record_meta_size(fields.size());
    CHECK(at.size() >= size && payload_length % block_size == 0);
    put_at(at, 0, type);
    put_at(at, 4, static_cast<uint32_t>(fields.size()));
    put_at(at, 8, payload_length);
    if (!fields.empty())
        std::memcpy(at.data() + record_header_size, fields.data(), fields.size());
    return size;
}

Result<std::vector<RecordView>> decode_records(const GroupHeader& header, ByteView group) {
    if (group.size() != header.length || header.meta_length < group_header_size)
        return damaged("a group is not as long as its header says");
    ByteView meta = group.first(header.meta_length).subspan(group_header_size);
    if (checksum(meta) != header.meta_checksum)
        return damaged("the checksum of a group's records does not hold");
    ByteView payloads = group.subspan(header.meta_length);
    if (header.record_count > meta.size() / record_header_size)
        return damaged("a group counts more records than it can hold");
    std::vector<RecordView> records;
    records.reserve(header.record_count);
    for (uint32_t i = 0; i < header.record_count; i++) {
        if (meta.size() < record_header_size)
            return damaged("a record is cut short");
        const auto fields_length = get_at<uint32_t>(meta, 4);
        const auto payload_length = get_at<uint32_t>(meta, 8);
        if (record_meta_size(fields_length) > meta.size() || payload_length > payloads.size() ||
            payload_length % block_size != 0)
            return damaged("a record is longer than its group");
        records.push_back({.type = get_at<uint16_t>(meta, 0),
                           .fields = meta.subspan(record_header_size, fields_length),
                           .payload = payloads.first(payload_length),
                           .group = header.sequence,
                           .index = i});
        meta = meta.subspan(record_meta_size(fields_length));
        payloads = payloads.subspan(payload_length);
    }
    if (!payloads.empty())
        return damaged("a group is longer than its records");
    return records;
}

}  // namespace cairn::journal
