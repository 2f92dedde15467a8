#include "chunk/overlay.h"

#include <algorithm>

#include "base/check.h"

namespace cairn::chunk {

namespace {

constexpr size_t first_buckets = 1024;

uint32_t mix(uint32_t serial, uint32_t block) {
    const uint64_t key = (uint64_t{serial} << 32 | block) * 0x9E3779B97F4A7C15ULL;
    return static_cast<uint32_t>(key >> 32);
}

}  // namespace

Overlay::Overlay() : buckets_(first_buckets, none) {}

uint32_t Overlay::bucket_of(uint32_t serial, uint32_t block) const {
    return mix(serial, block) & static_cast<uint32_t>(buckets_.size() - 1);
}

uint32_t Overlay::lookup(const ChunkEntry& chunk, uint32_t block) const {
    uint32_t at = buckets_[bucket_of(chunk.serial, block)];
    while (at != none && (nodes_[at].block != block || nodes_[at].chunk.get() != &chunk))
        at = nodes_[at].next;
    return at;
}

const PendingBlock* Overlay::find(const ChunkEntry& chunk, uint32_t block) const {
    if (chunk.blocks_pending == 0)
        return nullptr;
    const uint32_t at = lookup(chunk, block);
    return at == none ? nullptr : &nodes_[at].pending;
}

void Overlay::put(const ChunkRef& chunk, uint32_t block, PendingBlock pending) {
    const uint32_t existing = lookup(*chunk, block);
    if (existing != none) {
        PendingBlock& old = nodes_[existing].pending;
        to_allocate_ += pending.may_allocate;
        to_allocate_ -= old.may_allocate;
        if (old.frozen)  // its memory stays taken until it is applied
            unfrozen_++;
        else
            bytes_ -= old.bytes();
        bytes_ += pending.bytes();
        in_place_ += pending.is_in_place();
        in_place_ -= old.is_in_place();
        old = std::move(pending);
        return;
    }
    if (size_ >= buckets_.size())
        grow();
    if (free_ == none) {
        nodes_.emplace_back();
        nodes_.back().next = free_;
        free_ = static_cast<uint32_t>(nodes_.size() - 1);
    }
    const uint32_t at = free_;
    Node& node = nodes_[at];
    free_ = node.next;
    uint32_t& bucket = buckets_[bucket_of(chunk->serial, block)];
    node.chunk = chunk;
    node.block = block;
    node.next = bucket;
    bucket = at;
    to_allocate_ += pending.may_allocate;
    bytes_ += pending.bytes();
    in_place_ += pending.is_in_place();
    node.pending = std::move(pending);
    size_++;
    unfrozen_++;
    chunk->blocks_pending++;
}

void Overlay::remove(uint32_t at) {
    Node& node = nodes_[at];
    uint32_t* link = &buckets_[bucket_of(node.chunk->serial, node.block)];
    while (*link != at)
        link = &nodes_[*link].next;
    *link = node.next;
    to_allocate_ -= node.pending.may_allocate;
    unfrozen_ -= !node.pending.frozen;
    in_place_ -= node.pending.is_in_place();
    node.chunk->blocks_pending--;
    node.chunk.reset();
    node.pending = {};
    node.next = free_;
    free_ = at;
    size_--;
}

void Overlay::erase(ChunkEntry& chunk, uint32_t block) {
    if (chunk.blocks_pending == 0)
        return;
    const uint32_t at = lookup(chunk, block);
    if (at == none)
        return;
    if (!nodes_[at].pending.frozen)
        bytes_ -= nodes_[at].pending.bytes();
    remove(at);
}

void Overlay::erase_chunk(ChunkEntry& chunk) {
    for (uint32_t block = 0; chunk.blocks_pending != 0; block++)
        erase(chunk, block);
}

std::vector<FrozenBlock> Overlay::freeze() {
    std::vector<FrozenBlock> frozen;
    frozen.reserve(unfrozen_);
    for (Node& node : nodes_) {
        if (node.chunk == nullptr || node.pending.frozen)
            continue;
        node.pending.frozen = true;
        frozen.push_back({node.chunk, node.block, node.pending.checksum, node.pending.data});
    }
    unfrozen_ = 0;
    std::sort(frozen.begin(), frozen.end(), [](const FrozenBlock& a, const FrozenBlock& b) {
        if (a.chunk->id != b.chunk->id)
            return a.chunk->id < b.chunk->id;
        if (a.chunk->serial != b.chunk->serial)
            return a.chunk->serial < b.chunk->serial;
        return a.block < b.block;
    });
    return frozen;
}

void Overlay::applied(const FrozenBlock& frozen) {
    CHECK(bytes_ >= frozen.data.size());
    bytes_ -= frozen.data.size();
    const uint32_t at = lookup(*frozen.chunk, frozen.block);
    if (at != none && nodes_[at].pending.frozen)
        remove(at);
}

void Overlay::not_applied(const FrozenBlock& frozen) {
    const uint32_t at = lookup(*frozen.chunk, frozen.block);
    if (at != none && nodes_[at].pending.frozen) {
        nodes_[at].pending.frozen = false;
        unfrozen_++;
    } else {
        bytes_ -= frozen.data.size();
    }
}

void Overlay::grow() {
    buckets_.assign(buckets_.size() * 2, none);
    for (uint32_t at = 0; at < nodes_.size(); at++) {
        Node& node = nodes_[at];
        if (node.chunk == nullptr)
            continue;
        uint32_t& bucket = buckets_[bucket_of(node.chunk->serial, node.block)];
        node.next = bucket;
        bucket = at;
    }
}

}  // namespace cairn::chunk
