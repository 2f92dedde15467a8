// Memory for coroutine frames, recycled by size on each thread, so that a request's chain of tasks
// costs no trip to the allocator. Under the address sanitizer frames come from the allocator, so
// that misuse is seen.
#pragma once

#include <cstddef>

namespace cairn {

[[nodiscard]] void* allocate_frame(size_t size);
void release_frame(void* frame, size_t size) noexcept;

}  // namespace cairn
