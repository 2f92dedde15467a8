// StagingArea: the records of a journal that are not in its ring yet, in memory that outlives the
// process (runtime/shared_memory.h). What stands here is held: after a kill the next start writes
// it to the ring (ring_completion.h), so that the journal may gather more of them for one write.
// One writer; a power cut empties it, as it may take whatever was not flushed.
//
// The memory has two parts, numbers are little-endian:
//
//      0 u64 magic "CAIRNSA1" | 8 u32 version | 12 u32 zero | 16 u64 ring id | 24 u64 session
//     32 u64 checksum of bytes 0..32 | 64 u64 tail | 128 u64 head
//   4096 entries, from tail to head, which grow for ever and wrap around the end of the memory
//
// An entry is a record, or with type 0xFFFF an empty group:
//
//      0 u64 sequence of its group | 8 u16 type | 10 u16 zero | 12 u32 length of fields
//     16 u32 length of payload | 20 u32 zero | 24 u64 checksum of bytes 0..24 and fields
//     32 fields, then zeros up to a multiple of 8, payload
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "journal/ring_format.h"
#include "runtime/shared_memory.h"

namespace cairn::journal {

struct StagedRecord {
    Sequence group = 0;
    bool is_empty_group = false;
    uint16_t type = 0;
    Bytes fields;
    Buffer payload;  // whole blocks, aligned
};

class StagingArea {
  public:
    // `memory` has at least 8 KiB.
    explicit StagingArea(std::unique_ptr<SharedMemory> memory) : memory_(std::move(memory)) {}

    // The session of this ring whose records are here; nothing if there is none.
    [[nodiscard]] std::optional<uint64_t> session_of(uint64_t ring_id) const;
    // In the order of their appends; corrupt if they do not add up.
    [[nodiscard]] Result<std::vector<StagedRecord>> records() const;

    // Empties it, for what comes next.
    void begin(uint64_t ring_id, uint64_t session);
    // Whether there was room. Groups come in order.
    bool add(Sequence group, uint16_t type, ByteView fields, ByteView payload);
    bool add_empty(Sequence group);
    // All up to this group is in the ring.
    void written(Sequence group);
    // Nobody needs it any more.
    void remove() { memory_->remove(); }

  private:
    [[nodiscard]] uint64_t capacity() const;
    void put(uint64_t at, ByteView bytes);
    void get(uint64_t at, MutableByteView bytes) const;
    [[nodiscard]] uint64_t load(size_t offset) const;
    void publish(size_t offset, uint64_t value);
    [[nodiscard]] Result<StagedRecord> entry_at(uint64_t& at, uint64_t head) const;

    struct GroupEnd {
        Sequence group = 0;
        uint64_t end = 0;
    };

    std::unique_ptr<SharedMemory> memory_;
    uint64_t tail_ = 0;
    uint64_t head_ = 0;
    std::deque<GroupEnd> groups_;  // of which something is here
};

}  // namespace cairn::journal
