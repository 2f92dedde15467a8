#include "runtime/frame_pool.h"

#include <array>
#include <new>

namespace cairn {

namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CAIRN_PLAIN_FRAMES 1
#endif
#endif

#ifndef CAIRN_PLAIN_FRAMES
constexpr size_t class_size = 64;
constexpr size_t class_count = 64;  // frames up to 4 KiB
constexpr size_t kept_per_class = 256;

struct FreeFrame {
    FreeFrame* next;
};

struct FreeList {
    FreeFrame* first = nullptr;
    size_t count = 0;
};

struct Pool {
    std::array<FreeList, class_count> lists;
    ~Pool() {
        for (FreeList& list : lists) {
            while (list.first != nullptr) {
                FreeFrame* frame = list.first;
                list.first = frame->next;
                ::operator delete(frame);
            }
        }
    }
};

thread_local Pool pool;

size_t class_of(size_t size) {
    return (size + class_size - 1) / class_size - 1;
}
#endif

}  // namespace

#ifdef CAIRN_PLAIN_FRAMES
void* allocate_frame(size_t size) {
    return ::operator new(size);
}
void release_frame(void* frame, size_t size) noexcept {
    ::operator delete(frame, size);
}
#else
void* allocate_frame(size_t size) {
    const size_t index = class_of(size);
    if (index >= class_count)
        return ::operator new(size);
    FreeList& list = pool.lists[index];
    if (list.first == nullptr)
        return ::operator new((index + 1) * class_size);
    FreeFrame* frame = list.first;
    list.first = frame->next;
    list.count--;
    return frame;
}

void release_frame(void* frame, size_t size) noexcept {
    const size_t index = class_of(size);
    if (index >= class_count || pool.lists[index].count >= kept_per_class) {
        ::operator delete(frame);
        return;
    }
    FreeList& list = pool.lists[index];
    list.first = new (frame) FreeFrame{list.first};
    list.count++;
}
#endif

}  // namespace cairn
