#include "chunk/chunk_format.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <fmt/core.h>

#include "base/check.h"
#include "base/checksum.h"

namespace cairn::chunk {

namespace {

constexpr uint64_t header_magic = 0x4B48434E52494143ULL;  // "CAIRNCHK"
constexpr uint32_t header_version_at_home = 1;
constexpr uint32_t header_version_with_slots = 2;
constexpr size_t checked = block_size - sizeof(uint64_t);
constexpr uint32_t page_magic = 0x4C425443;  // "CTBL"
constexpr size_t entries_size = sizeof(TableEntry) * entries_per_page;
constexpr uint32_t known_flags =
    TableEntry::written | TableEntry::zero | TableEntry::allocated | TableEntry::lost;
constexpr std::string_view file_suffix = ".chunk";
constexpr std::string_view damaged_suffix = ".damaged";

uint64_t stored_checksum(ByteView block) {
    uint64_t sum;
    std::memcpy(&sum, block.data() + checked, sizeof sum);
    return sum;
}

void put_header(ByteWriter& writer, const HeaderBlock& block) {
    const ChunkHeader& header = block.header;
    writer.put(block.sequence);
    writer.put(header.cluster);
    writer.put(header.chunk);
    writer.put(header.file);
    writer.put(header.index);
    writer.put(header.size);
    writer.put(header.version);
    writer.put(header.piece);
    writer.put(header.state);
    writer.put_text(header.layout);
    writer.put_text(header.path_hint);
    writer.put_bytes(header.attributes);
    for (const uint64_t word : block.pages.words())
        writer.put(word);
}

bool has_slots(const HeaderBlock& block) {
    return block.spares_used || !block.slots.at_home();
}

void put_slots(ByteWriter& writer, const HeaderBlock& block) {
    const ChunkGeometry geometry{block.header.size};
    writer.put(static_cast<uint8_t>(block.spares_used));
    for (uint32_t slice = 0; slice < geometry.slice_count(); slice++)
        writer.put(static_cast<uint16_t>(block.slots.of(slice)));
}

void get_slots(ByteReader& reader, HeaderBlock& block) {
    const ChunkGeometry geometry{block.header.size};
    const auto spares_used = reader.read<uint8_t>();
    block.spares_used = spares_used == 1;
    std::vector<uint16_t> slots(geometry.slice_count());
    bool at_home = true;
    for (uint32_t slice = 0; slice < slots.size(); slice++) {
        reader.get(slots[slice]);
        at_home &= slots[slice] == slice;
    }
    const bool valid = at_home || block.slots.assign(std::move(slots), geometry.slice_count(),
                                                     geometry.slot_count());
    if (spares_used > 1 || !valid)
        reader.fail();
}

}  // namespace

Bytes encode(const HeaderBlock& block) {
    Bytes content;
    ByteWriter content_writer(content);
    put_header(content_writer, block);
    if (has_slots(block))
        put_slots(content_writer, block);
    Bytes bytes;
    bytes.reserve(block_size);
    ByteWriter writer(bytes);
    writer.put(header_magic);
    writer.put(has_slots(block) ? header_version_with_slots : header_version_at_home);
    writer.put(static_cast<uint32_t>(content.size()));
    writer.put_raw(content);
    CHECK_NOTE(bytes.size() <= checked, "a chunk header was not checked before it was stored");
    writer.put_zeros(checked - bytes.size());
    writer.put(checksum(bytes));
    return bytes;
}

Result<HeaderBlock> decode_header(ByteView bytes) {
    if (bytes.size() != block_size || stored_checksum(bytes) != checksum(bytes.first(checked)))
        return Error(Code::corrupt, "a chunk header's checksum does not hold");
    ByteReader outer(bytes.first(checked));
    if (outer.read<uint64_t>() != header_magic)
        return Error(Code::corrupt, "not a chunk header");
    const auto version = outer.read<uint32_t>();
    if (version != header_version_at_home && version != header_version_with_slots)
        return Error(Code::version_mismatch, "the chunk header was written by another version");
    ByteReader reader(outer.take(outer.read<uint32_t>()));
    HeaderBlock block;
    ChunkHeader& header = block.header;
    reader.get(block.sequence);
    reader.get(header.cluster);
    reader.get(header.chunk);
    reader.get(header.file);
    reader.get(header.index);
    reader.get(header.size);
    reader.get(header.version);
    reader.get(header.piece);
    reader.get(header.state);
    header.layout = reader.get_text();
    header.path_hint = reader.get_text();
    const ByteView attributes = reader.get_bytes();
    header.attributes.assign(attributes.begin(), attributes.end());
    TRY(check_header(header));
    block.pages = PageMap(ChunkGeometry{header.size}.page_count());
    for (uint64_t& word : block.pages.words())
        reader.get(word);
    if (version == header_version_with_slots)
        get_slots(reader, block);
    if (!reader.finished() || !outer.ok())
        return Error(Code::corrupt, "a chunk header is malformed");
    return block;
}

Result<void> check_header(const ChunkHeader& header) {
    const bool size = std::has_single_bit(header.size) && header.size >= chunk_size_min &&
                      header.size <= chunk_size_max;
    if (!size)
        return Error(Code::invalid_argument,
                     fmt::format("a chunk of {} bytes cannot be stored: a power of two from 64 KiB "
                                 "to 4 GiB is",
                                 header.size));
    if (header.chunk.is_none() || header.layout.size() > layout_max ||
        header.path_hint.size() > path_hint_max || header.attributes.size() > attributes_max)
        return Error(Code::invalid_argument, "a chunk header says more than can be stored");
    if (header.state != ChunkState::complete && header.state != ChunkState::joining)
        return Error(Code::invalid_argument, "a chunk header has no state");
    return {};
}

void encode_page(const TablePage& page, ChunkId chunk, uint32_t index, MutableByteView into) {
    CHECK(into.size() == block_size);
    std::memcpy(into.data(), page.entries.data(), entries_size);
    std::memcpy(into.data() + entries_size, &page_magic, sizeof page_magic);
    std::memcpy(into.data() + entries_size + sizeof page_magic, &index, sizeof index);
    const uint64_t sum = checksum(into.first(checked), chunk.number);
    std::memcpy(into.data() + checked, &sum, sizeof sum);
}

Result<void> decode_page(ByteView bytes, ChunkId chunk, uint32_t index, TablePage& into) {
    if (bytes.size() != block_size ||
        stored_checksum(bytes) != checksum(bytes.first(checked), chunk.number))
        return Error(Code::corrupt, "a table page's checksum does not hold");
    ByteReader reader(bytes.subspan(entries_size, checked - entries_size));
    if (reader.read<uint32_t>() != page_magic || reader.read<uint32_t>() != index)
        return Error(Code::corrupt, "not the table page that belongs here");
    std::memcpy(into.entries.data(), bytes.data(), entries_size);
    for (const TableEntry& entry : into.entries) {
        if ((entry.flags & ~known_flags) != 0 || entry.stored_size > block_size)
            return Error(Code::version_mismatch, "a table entry is of another version");
    }
    return {};
}

std::string chunk_folder(ChunkId chunk) {
    return fmt::format("{:02x}", chunk.number & 0xff);
}

std::string chunk_file_name(ChunkId chunk) {
    return fmt::format("{:016x}{}", chunk.number, file_suffix);
}

Result<ChunkId> parse_chunk_file_name(std::string_view name) {
    const Error foreign(Code::invalid_argument, "not the name of a chunk file");
    if (name.size() != 16 + file_suffix.size() || !name.ends_with(file_suffix))
        return foreign;
    ChunkId chunk;
    auto [end, problem] = std::from_chars(name.data(), name.data() + 16, chunk.number, 16);
    if (problem != std::errc() || end != name.data() + 16 || chunk_file_name(chunk) != name)
        return foreign;
    return chunk;
}

std::string damaged_file_name(ChunkId chunk) {
    return chunk_file_name(chunk) + std::string(damaged_suffix);
}

Result<ChunkId> parse_damaged_file_name(std::string_view name) {
    if (!name.ends_with(damaged_suffix))
        return Error(Code::invalid_argument, "not the name of a damaged chunk file");
    name.remove_suffix(damaged_suffix.size());
    return parse_chunk_file_name(name);
}

}  // namespace cairn::chunk
