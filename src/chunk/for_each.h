// for_each: runs a bounded number of tasks at once until all are done, whatever becomes of single
// ones, and gives the first error.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/result.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace cairn::chunk {

namespace detail {

template <class Make>
Task<void> for_each_worker(size_t& next, size_t count, Make& make, Result<void>& outcome) {
    while (next < count) {
        const size_t mine = next++;
        Result<void> done = co_await make(mine);
        if (!done && outcome)
            outcome = done;
    }
}

}  // namespace detail

// `make(i)` gives the task for i in [0, count); it lives until all are done.
template <class Make>
Task<Result<void>> for_each(Loop& loop, size_t parallel, size_t count, Make make) {
    size_t next = 0;
    Result<void> outcome;
    Scope scope(loop);
    for (size_t i = 0; i < std::min(parallel, count); i++)
        scope.spawn(detail::for_each_worker(next, count, make, outcome));
    co_await scope.join();
    co_return outcome;
}

}  // namespace cairn::chunk
