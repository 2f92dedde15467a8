#include "base/buffer.h"

#include <array>
#include <bit>
#include <cstring>
#include <new>

#include "base/size.h"

namespace cairn {

namespace {

constexpr size_t small_alignment = 64;

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CAIRN_PLAIN_BUFFERS 1  // so that a use after release is seen
#endif
#endif

#ifdef CAIRN_PLAIN_BUFFERS
constexpr size_t kept_bytes_max = 0;
#else
constexpr size_t kept_bytes_max = 16 * mib;  // of one thread
#endif

size_t alignment_of(size_t capacity) {
    return capacity >= block_size ? block_size : small_alignment;
}

}  // namespace

// What a thread keeps for reuse, in classes of powers of two.
class Buffer::Pool {
  public:
    static constexpr size_t largest = 4 * mib;

    static Pool& of_this_thread() {
        thread_local Pool pool;
        return pool;
    }
    ~Pool() {
        for (Block*& first : kept_) {
            while (first != nullptr) {
                Block* block = first;
                first = block->next;
                discard(block);
            }
        }
    }
    Block* take(size_t size) {
        const bool pooled = size >= block_size && size <= largest;
        const size_t capacity = pooled ? std::bit_ceil(size) : size;
        if (pooled) {
            Block*& first = list_of(capacity);
            if (first != nullptr) {
                Block* block = first;
                first = block->next;
                kept_bytes_ -= capacity;
                block->references = 1;
                return block;
            }
        }
        auto* data = static_cast<std::byte*>(
            ::operator new(capacity, std::align_val_t(alignment_of(capacity))));
        return new Block{1, capacity, data, nullptr};
    }
    void put(Block* block) {
        const size_t capacity = block->capacity;
        if (capacity < block_size || capacity > largest ||
            kept_bytes_ + capacity > kept_bytes_max) {
            discard(block);
            return;
        }
        Block*& first = list_of(capacity);
        block->next = first;
        first = block;
        kept_bytes_ += capacity;
    }

  private:
    static void discard(Block* block) {
        ::operator delete(block->data, std::align_val_t(alignment_of(block->capacity)));
        delete block;
    }
    Block*& list_of(size_t capacity) {
        return kept_[static_cast<size_t>(std::countr_zero(capacity / block_size))];
    }

    std::array<Block*, 11> kept_{};  // 4 KiB to 4 MiB
    size_t kept_bytes_ = 0;
};

Buffer Buffer::allocate(size_t size) {
    Buffer buffer;
    if (size == 0)
        return buffer;
    buffer.block_ = Pool::of_this_thread().take(size);
    buffer.size_ = size;
    return buffer;
}

Buffer Buffer::zeroed(size_t size) {
    Buffer buffer = allocate(size);
    if (size != 0)
        std::memset(buffer.data(), 0, size);
    return buffer;
}

Buffer Buffer::copy_of(ByteView bytes) {
    Buffer buffer = allocate(bytes.size());
    if (!bytes.empty())
        std::memcpy(buffer.data(), bytes.data(), bytes.size());
    return buffer;
}

void Buffer::release(Block* block) {
    Pool::of_this_thread().put(block);
}

}  // namespace cairn
