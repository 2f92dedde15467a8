#include "journal/staging_area.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "base/check.h"
#include "base/checksum.h"
#include "journal/ring_group.h"

namespace cairn::journal {

namespace {

constexpr uint64_t staging_magic = 0x3141534E52494143ULL;  // "CAIRNSA1"
constexpr uint32_t staging_version = 1;
constexpr size_t header_checked = 32;
// In cache lines of their own.
constexpr size_t tail_offset = 64;
constexpr size_t head_offset = 128;
constexpr size_t entries_offset = 4096;

constexpr size_t entry_header_size = 32;
constexpr size_t entry_checked = 24;
constexpr uint16_t empty_group = 0xFFFF;

struct EntryHeader {
    uint64_t group;
    uint16_t type;
    uint16_t zero;
    uint32_t fields_length;
    uint32_t payload_length;
    uint32_t zero_too;
    uint64_t checksum;
};
static_assert(sizeof(EntryHeader) == entry_header_size);

uint64_t checksum_of(const EntryHeader& header, ByteView fields) {
    const auto raw = std::as_bytes(std::span(&header, 1)).first(entry_checked);
    return checksum(fields, checksum(raw));
}

Error damaged() {
    return {Code::corrupt, "what a killed process left in memory for its journal does not add up"};
}

}  // namespace

uint64_t StagingArea::capacity() const {
    return memory_->view().size() - entries_offset;
}

void StagingArea::put(uint64_t at, ByteView bytes) {
    const MutableByteView area = memory_->view().subspan(entries_offset);
    const uint64_t offset = at % area.size();
    const size_t first = std::min<size_t>(bytes.size(), area.size() - offset);
    if (first > 0)
        std::memcpy(area.data() + offset, bytes.data(), first);
    if (first < bytes.size())
        std::memcpy(area.data(), bytes.data() + first, bytes.size() - first);
}

void StagingArea::get(uint64_t at, MutableByteView bytes) const {
    const ByteView area = memory_->view().subspan(entries_offset);
    const uint64_t offset = at % area.size();
    const size_t first = std::min<size_t>(bytes.size(), area.size() - offset);
    if (first > 0)
        std::memcpy(bytes.data(), area.data() + offset, first);
    if (first < bytes.size())
        std::memcpy(bytes.data() + first, area.data(), bytes.size() - first);
}

uint64_t StagingArea::load(size_t offset) const {
    uint64_t value = 0;
    std::memcpy(&value, memory_->view().data() + offset, sizeof value);
    return value;
}

// Whoever finds it finds what was stored before it.
void StagingArea::publish(size_t offset, uint64_t value) {
    auto* place = reinterpret_cast<uint64_t*>(memory_->view().data() + offset);
    std::atomic_ref(*place).store(value, std::memory_order_release);
}

std::optional<uint64_t> StagingArea::session_of(uint64_t ring_id) const {
    const ByteView header = ByteView(memory_->view()).first(entries_offset);
    ByteReader reader(header);
    const bool ours = reader.read<uint64_t>() == staging_magic &&
                      reader.read<uint32_t>() == staging_version && reader.read<uint32_t>() == 0 &&
                      reader.read<uint64_t>() == ring_id;
    const auto session = reader.read<uint64_t>();
    if (!ours || reader.read<uint64_t>() != checksum(header.first(header_checked)))
        return std::nullopt;
    return session;
}

void StagingArea::begin(uint64_t ring_id, uint64_t session) {
    // Valid again only with the last of these.
    std::memset(memory_->view().data(), 0, entries_offset);
    tail_ = head_ = 0;
    groups_.clear();
    Bytes header;
    ByteWriter writer(header);
    writer.put(staging_magic);
    writer.put(staging_version);
    writer.put(uint32_t{0});
    writer.put(ring_id);
    writer.put(session);
    std::memcpy(memory_->view().data(), header.data(), header.size());
    publish(header_checked, checksum(header));
}

bool StagingArea::add(Sequence group, uint16_t type, ByteView fields, ByteView payload) {
    const uint64_t payload_at = head_ + entry_header_size + align_up(fields.size(), 8);
    const uint64_t end = payload_at + payload.size();
    if (end - tail_ > capacity())
        return false;
    EntryHeader header{.group = group,
                       .type = type,
                       .zero = 0,
                       .fields_length = static_cast<uint32_t>(fields.size()),
                       .payload_length = static_cast<uint32_t>(payload.size()),
                       .zero_too = 0,
                       .checksum = 0};
    header.checksum = checksum_of(header, fields);
    put(head_, std::as_bytes(std::span(&header, 1)));
    put(head_ + entry_header_size, fields);
    put(payload_at, payload);
    head_ = end;
    publish(head_offset, head_);
    if (groups_.empty() || groups_.back().group != group)
        groups_.push_back({group, 0});
    groups_.back().end = head_;
    return true;
}

bool StagingArea::add_empty(Sequence group) {
    return add(group, empty_group, {}, {});
}

void StagingArea::written(Sequence group) {
    bool any = false;
    while (!groups_.empty() && groups_.front().group <= group) {
        tail_ = groups_.front().end;
        groups_.pop_front();
        any = true;
    }
    if (any)
        publish(tail_offset, tail_);
}

Result<StagedRecord> StagingArea::entry_at(uint64_t& at, uint64_t head) const {
    EntryHeader header{};
    if (head - at < entry_header_size)
        return damaged();
    get(at, std::as_writable_bytes(std::span(&header, 1)));
    const uint64_t payload_at = at + entry_header_size + align_up(header.fields_length, 8);
    const uint64_t end = payload_at + header.payload_length;
    if (end > head || header.payload_length % block_size != 0 ||
        header.fields_length > record_fields_max)
        return damaged();
    StagedRecord record;
    record.group = header.group;
    record.is_empty_group = header.type == empty_group;
    record.type = header.type;
    record.fields.resize(header.fields_length);
    get(at + entry_header_size, record.fields);
    if (header.checksum != checksum_of(header, record.fields))
        return damaged();
    if (header.payload_length > 0) {
        record.payload = Buffer::allocate(header.payload_length);
        get(payload_at, record.payload.mutable_view());
    }
    at = end;
    return record;
}

Result<std::vector<StagedRecord>> StagingArea::records() const {
    uint64_t at = load(tail_offset);
    const uint64_t head = load(head_offset);
    if (at > head || head - at > capacity())
        return damaged();
    std::vector<StagedRecord> records;
    while (at < head) {
        Result<StagedRecord> record = entry_at(at, head);
        if (!record)
            return record.error();
        records.push_back(std::move(*record));
    }
    return records;
}

}  // namespace cairn::journal
