// Overlay: the blocks of which the journal knows more than base: for each the newest content, or
// where that lies in place already. Pure, one lookup a block, no allocation once it has grown. It
// counts the memory that contents take, those included that are being applied and were superseded
// meanwhile.
#pragma once

#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "chunk/chunk_entry.h"
#include "journal/ring_format.h"

namespace cairn::chunk {

struct PendingBlock {
    Buffer data;  // one block; empty: it lies in place
    uint64_t checksum = 0;
    journal::Sequence sequence = 0;  // of the group that holds it
    bool frozen = false;             // being applied
    bool may_allocate = true;        // base has no space for it yet, as far as is known
    uint16_t slot = 0;               // where it lies, if it does in place

    [[nodiscard]] bool is_in_place() const { return data.empty(); }
    [[nodiscard]] uint64_t bytes() const { return data.size(); }
};

// A block that is being applied.
struct FrozenBlock {
    ChunkRef chunk;
    uint32_t block = 0;
    uint64_t checksum = 0;
    Buffer data;  // empty: it lies in place
};

class Overlay {
  public:
    Overlay();

    [[nodiscard]] const PendingBlock* find(const ChunkEntry& chunk, uint32_t block) const;
    void put(const ChunkRef& chunk, uint32_t block, PendingBlock pending);
    // The block is zeroed or its chunk removed: what is pending counts no more.
    void erase(ChunkEntry& chunk, uint32_t block);
    void erase_chunk(ChunkEntry& chunk);

    // All that is not frozen yet, by chunk id and block; it is from now on.
    [[nodiscard]] std::vector<FrozenBlock> freeze();
    // `frozen` is in base now: it leaves, unless a newer one took its place.
    void applied(const FrozenBlock& frozen);
    // `frozen` could not be applied: it is pending again, unless a newer one took its place.
    void not_applied(const FrozenBlock& frozen);

    [[nodiscard]] uint64_t bytes() const { return bytes_; }
    // What base may grow by.
    [[nodiscard]] uint64_t bytes_to_allocate() const { return to_allocate_ * block_size; }
    [[nodiscard]] size_t size() const { return size_; }
    [[nodiscard]] size_t in_place() const { return in_place_; }
    // Whether anything could be frozen.
    [[nodiscard]] bool has_unfrozen() const { return unfrozen_ != 0; }

  private:
    static constexpr uint32_t none = UINT32_MAX;
    struct Node {
        ChunkRef chunk;  // null: the node is free
        uint32_t block = 0;
        uint32_t next = none;
        PendingBlock pending;
    };

    [[nodiscard]] uint32_t bucket_of(uint32_t serial, uint32_t block) const;
    [[nodiscard]] uint32_t lookup(const ChunkEntry& chunk, uint32_t block) const;
    void remove(uint32_t node);
    void grow();

    std::vector<Node> nodes_;
    std::vector<uint32_t> buckets_;  // a power of two
    uint32_t free_ = none;
    size_t size_ = 0;
    size_t unfrozen_ = 0;
    size_t in_place_ = 0;
    uint64_t to_allocate_ = 0;
    uint64_t bytes_ = 0;
};

}  // namespace cairn::chunk
