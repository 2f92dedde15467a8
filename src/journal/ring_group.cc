#include "journal/ring_group.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace cairn::journal {

namespace {

constexpr size_t kept_groups = 4;

}  // namespace

bool Group::takes(uint64_t fields_length, uint64_t payload_length) const {
    if (sealed)
        return false;
    if (record_count == 0)
        return true;
    return meta_used + record_meta_size(fields_length) <= group_meta_max &&
           payload_bytes + payload_length <= group_payload_max &&
           payloads.size() < group_slices_max;
}

void Group::add(uint16_t type, ByteView fields, Buffer payload) {
    CHECK(fields.size() <= record_fields_max && payload.size() % block_size == 0);
    const MutableByteView room = meta.mutable_view().subspan(meta_used);
    meta_used += encode_record(room, type, fields, static_cast<uint32_t>(payload.size()));
    payload_bytes += payload.size();
    record_count++;
    if (!payload.empty())
        payloads.push_back(std::move(payload));
}

Group GroupPool::take(Sequence sequence) {
    Group group;
    if (free_.empty()) {
        group.meta = Buffer::zeroed(group_meta_max);
    } else {
        group = std::move(free_.back());
        free_.pop_back();
    }
    group.sequence = sequence;
    return group;
}

void GroupPool::give_back(Group group) {
    if (free_.size() >= kept_groups)
        return;
    std::memset(group.meta.mutable_view().data(), 0, group.meta_length());
    group.meta_used = group_header_size;
    group.payloads.clear();
    group.payload_bytes = 0;
    group.reserved = 0;
    group.record_count = 0;
    group.sealed = false;
    group.durable_wanted = false;
    free_.push_back(std::move(group));
}

}  // namespace cairn::journal
