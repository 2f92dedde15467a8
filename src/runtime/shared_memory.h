// SharedMemory: a piece of a machine's memory that outlives the process which filled it, like POSIX
// shared memory. It belongs to a file, and is there for the next process that asks for that file's,
// until it is removed or the machine starts anew. What one thread has stored when its process is
// killed, the next one finds, in the order in which it was stored.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace cairn {

class SharedMemory {
  public:
    // Unmaps it; it stays.
    virtual ~SharedMemory() = default;
    [[nodiscard]] virtual MutableByteView view() = 0;
    // Nobody finds it any more.
    virtual void remove() = 0;
};

}  // namespace cairn
