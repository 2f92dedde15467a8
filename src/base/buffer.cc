#include "base/buffer.h"

#include <cstring>
#include <new>

#include "base/size.h"

namespace cairn {

Buffer Buffer::allocate(size_t size) {
    Buffer buffer;
    if (size == 0)
        return buffer;
    const size_t alignment = size >= block_size ? block_size : 64;
    auto* data = static_cast<std::byte*>(::operator new(size, std::align_val_t(alignment)));
    buffer.block_ = new Block{1, alignment, data};
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
    ::operator delete(block->data, std::align_val_t(block->alignment));
    delete block;
}

}  // namespace cairn
