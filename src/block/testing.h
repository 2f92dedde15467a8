// Helpers of the tests that run coroutines over devices without a machine: a loop that is turned
// until nothing is left to do, and buffers with recognisable content.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/buffer.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace cairn::block {

inline void run_until_idle(Loop& loop) {
    while (true) {
        while (loop.run_turn()) {
        }
        if (loop.next_deadline() == Instant::never())
            return;
        loop.advance(loop.next_deadline());
    }
}

template <class T>
Task<void> store_result(std::optional<T>& into, Task<T> task) {
    into.emplace(co_await std::move(task));
}

// Runs one task to its end, timers included.
template <class T>
T run(Loop& loop, Task<T> task) {
    Scope scope(loop);
    std::optional<T> result;
    scope.spawn(store_result(result, std::move(task)));
    run_until_idle(loop);
    CHECK_NOTE(result.has_value(), "the task waits for something that never comes");
    return std::move(*result);
}

// Bytes that tell their place and their writer; none of them is zero.
inline Buffer pattern(uint64_t offset, size_t size, uint8_t writer) {
    Buffer buffer = Buffer::allocate(size);
    for (size_t i = 0; i < size; i++) {
        const uint64_t at = (offset + i) * 0x9E3779B97F4A7C15ULL + writer * 0xBF58476D1CE4E5B9ULL;
        buffer.mutable_view()[i] = static_cast<std::byte>((at >> 56) | 1);
    }
    return buffer;
}

inline bool same(ByteView a, ByteView b) {
    return text_of(a) == text_of(b);
}

}  // namespace cairn::block
