// Buffer: shared memory aligned for direct I/O, with a view into it. Copying one shares the memory,
// so that a payload is sent to three replicas without being copied. The count is not atomic: a
// Buffer stays on its loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace cairn {

class Buffer {
  public:
    Buffer() = default;
    // Uninitialised memory, aligned to 4 KiB where it is that large, else to 64 bytes. Memory of 4
    // KiB to 4 MiB is kept for reuse when it is released, up to a bound: giving it back to the
    // kernel and faulting it in again would cost more than moving the data does. Such a buffer is
    // released on the thread that made it.
    static Buffer allocate(size_t size);
    static Buffer zeroed(size_t size);
    static Buffer copy_of(ByteView bytes);
    // Gives back what this thread keeps for reuse: it is called now and then, so that who was busy
    // once does not look so for ever.
    static void release_kept();

    Buffer(const Buffer& other) : block_(other.block_), offset_(other.offset_), size_(other.size_) {
        if (block_ != nullptr)
            block_->references++;
    }
    Buffer(Buffer&& other) noexcept
        : block_(std::exchange(other.block_, nullptr)),
          offset_(std::exchange(other.offset_, 0)),
          size_(std::exchange(other.size_, 0)) {}
    Buffer& operator=(Buffer other) noexcept {
        std::swap(block_, other.block_);
        std::swap(offset_, other.offset_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Buffer() {
        if (block_ != nullptr && --block_->references == 0)
            release(block_);
    }

    [[nodiscard]] size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] ByteView view() const { return {data(), size_}; }
    [[nodiscard]] MutableByteView mutable_view() { return {data(), size_}; }
    // A part of the same memory.
    [[nodiscard]] Buffer slice(size_t offset, size_t size) const {
        CHECK(offset <= size_ && size <= size_ - offset);
        Buffer part = *this;
        part.offset_ += offset;
        part.size_ = size;
        return part;
    }

  private:
    struct Slab;
    struct Block {
        uint64_t references;
        size_t capacity;
        std::byte* data;
        Block* next;  // while it is free
        Slab* slab;   // that it is a part of; none: it is alone
    };
    class Pool;
    static void release(Block* block);
    [[nodiscard]] std::byte* data() const {
        return block_ == nullptr ? nullptr : block_->data + offset_;
    }

    Block* block_ = nullptr;
    size_t offset_ = 0;
    size_t size_ = 0;
};

}  // namespace cairn
