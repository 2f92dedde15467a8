// aligned_for_disk: a payload as direct I/O wants it. One that came in the middle of a larger
// receive buffer is copied, which also lets that buffer go while the payload stays pending.
#pragma once

#include <cstdint>

#include "base/buffer.h"
#include "base/size.h"

namespace cairn::chunk {

[[nodiscard]] inline Buffer aligned_for_disk(const Buffer& data) {
    if (reinterpret_cast<uintptr_t>(data.view().data()) % block_size == 0)
        return data;
    return Buffer::copy_of(data.view());
}

}  // namespace cairn::chunk
