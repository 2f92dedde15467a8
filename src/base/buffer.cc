#include "base/buffer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <new>
#include <vector>

#include "base/huge_pages.h"
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
constexpr bool pooling = false;
#else
constexpr bool pooling = true;
#endif
constexpr size_t pooled_max = 4 * mib;
constexpr size_t empty_bytes_max = 64 * mib;  // of one thread
// Small ones share this much: next to each other, where an allocator would put a header between
// any two and so take twice the memory for what is aligned; and given back together.
constexpr size_t slab_bytes_min = 256 * kib;
// Where many are wanted they share whole huge pages: the kernel clears one in the time that it
// takes to fault in a tenth of it.
constexpr size_t huge_page = 2 * mib;
constexpr size_t small_slabs_max = 8;  // of one block size

void (*wants_huge_page)(void* memory, size_t bytes) = nullptr;

size_t alignment_of(size_t capacity) {
    if (capacity == huge_page)
        return huge_page;
    return capacity >= block_size ? block_size : small_alignment;
}

std::byte* allocate_aligned(size_t capacity) {
    void* memory = ::operator new(capacity, std::align_val_t(alignment_of(capacity)));
    if (capacity == huge_page && wants_huge_page != nullptr)
        wants_huge_page(memory, capacity);
    return static_cast<std::byte*>(memory);
}

void free_aligned(std::byte* data, size_t capacity) {
    ::operator delete(data, std::align_val_t(alignment_of(capacity)));
}

}  // namespace

// Memory of one allocation, cut into blocks of one size.
struct Buffer::Slab {
    Slab(Pool& pool, size_t block_bytes, size_t bytes_wanted)
        : owner(pool),
          bytes(std::max(block_bytes, bytes_wanted)),
          memory(allocate_aligned(bytes)),
          blocks(bytes / block_bytes) {
        for (size_t i = 0; i < blocks.size(); i++) {
            blocks[i] = {0, block_bytes, memory + i * block_bytes, free, this};
            free = &blocks[i];
        }
    }
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;
    ~Slab() { free_aligned(memory, bytes); }

    Pool& owner;
    size_t bytes;
    std::byte* memory;
    std::vector<Block> blocks;
    Block* free = nullptr;
    size_t used = 0;
    // Among those of the same block size that have a free block.
    Slab* previous = nullptr;
    Slab* next = nullptr;
};

// The slabs of a thread, by block size in powers of two. Empty ones are kept up to a bound.
class Buffer::Pool {
  public:
    static Pool& of_this_thread() {
        thread_local Pool pool;
        return pool;
    }
    // What is still used then stays behind.
    ~Pool() { release_empty(); }
    void release_empty() {
        for (Slab*& first : open_) {
            for (Slab* slab = first; slab != nullptr;) {
                Slab* const next = slab->next;
                if (slab->used == 0) {
                    unlink(first, *slab);
                    drop_slab(slab);
                }
                slab = next;
            }
        }
        empty_bytes_ = 0;
    }
    Block* take(size_t size) {
        if (!pooling || size < block_size || size > pooled_max)
            return new Block{1, size, allocate_aligned(size), nullptr, nullptr};
        const size_t capacity = std::bit_ceil(size);
        Slab*& first = list_of(capacity);
        if (first == nullptr)
            link(first, *make_slab(capacity));
        else if (first->used == 0)
            empty_bytes_ -= first->bytes;
        Slab& slab = *first;
        Block* block = slab.free;
        slab.free = block->next;
        slab.used++;
        if (slab.free == nullptr)
            unlink(first, slab);
        block->references = 1;
        return block;
    }
    void put(Block* block) {
        if (block->slab == nullptr) {
            free_aligned(block->data, block->capacity);
            delete block;
            return;
        }
        Slab& slab = *block->slab;
        CHECK_NOTE(&slab.owner == this, "a buffer was released on another thread than its own");
        Slab*& first = list_of(block->capacity);
        if (slab.free == nullptr)
            link(first, slab);
        block->next = slab.free;
        slab.free = block;
        if (--slab.used != 0)
            return;
        if (empty_bytes_ + slab.bytes > empty_bytes_max) {
            unlink(first, slab);
            drop_slab(&slab);
            return;
        }
        empty_bytes_ += slab.bytes;
    }

  private:
    Slab* make_slab(size_t capacity) {
        size_t& made = slabs_[class_of(capacity)];
        made++;
        return new Slab(*this, capacity, made > small_slabs_max ? huge_page : slab_bytes_min);
    }
    void drop_slab(Slab* slab) {
        slabs_[class_of(slab->blocks.front().capacity)]--;
        delete slab;
    }
    static void link(Slab*& first, Slab& slab) {
        slab.previous = nullptr;
        slab.next = first;
        if (first != nullptr)
            first->previous = &slab;
        first = &slab;
    }
    static void unlink(Slab*& first, Slab& slab) {
        (slab.previous == nullptr ? first : slab.previous->next) = slab.next;
        if (slab.next != nullptr)
            slab.next->previous = slab.previous;
    }
    static size_t class_of(size_t capacity) {
        return static_cast<size_t>(std::countr_zero(capacity / block_size));
    }
    Slab*& list_of(size_t capacity) { return open_[class_of(capacity)]; }

    std::array<Slab*, 11> open_{};    // 4 KiB to 4 MiB; those with a free block
    std::array<size_t, 11> slabs_{};  // all of them
    size_t empty_bytes_ = 0;
};

void ask_for_huge_pages(void (*ask)(void* memory, size_t bytes)) {
    wants_huge_page = ask;
}

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

void Buffer::release_kept() {
    Pool::of_this_thread().release_empty();
}

void Buffer::release(Block* block) {
    Pool::of_this_thread().put(block);
}

}  // namespace cairn
