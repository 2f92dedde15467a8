// Group: the records gathered for one write, laid out as they will lie on disk. GroupPool keeps the
// memory of written groups for the next ones, so that an append costs no trip to the allocator.
#pragma once

#include <vector>

#include "base/buffer.h"
#include "base/time.h"
#include "journal/ring_format.h"

namespace cairn::journal {

constexpr uint64_t group_meta_max = 32 * kib;
constexpr uint64_t group_payload_max = 1 * mib;
constexpr size_t group_slices_max = 256;
// The longest fields of a record: one must fit a group.
constexpr uint64_t record_fields_max = group_meta_max - group_header_size - record_header_size;

struct Group {
    Sequence sequence = 0;
    Buffer meta;  // zeros behind meta_used
    uint64_t meta_used = group_header_size;
    std::vector<Buffer> payloads;
    uint64_t payload_bytes = 0;
    uint64_t reserved = 0;
    uint32_t record_count = 0;
    bool sealed = false;
    bool durable_wanted = false;
    Instant opened;

    [[nodiscard]] bool takes(uint64_t fields_length, uint64_t payload_length) const;
    void add(uint16_t type, ByteView fields, Buffer payload);
    [[nodiscard]] uint64_t meta_length() const { return align_up(meta_used, block_size); }
    [[nodiscard]] uint64_t length() const { return meta_length() + payload_bytes; }
};

class GroupPool {
  public:
    [[nodiscard]] Group take(Sequence sequence);
    void give_back(Group group);

  private:
    std::vector<Group> free_;
};

}  // namespace cairn::journal
