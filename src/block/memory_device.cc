#include "block/memory_device.h"

#include <algorithm>
#include <cstring>

namespace cairn::block {

DeviceLimits MemoryDevice::limits() const {
    return {.supports_trim = true, .supports_zero = true};
}

Task<Result<Buffer>> MemoryDevice::read(uint64_t offset, uint32_t length) {
    CO_TRY(check_range(offset, length, size_));
    Buffer out = Buffer::zeroed(length);
    const uint64_t end = offset + length;
    for (auto at = blocks_.lower_bound(offset / block_size); at != blocks_.end(); ++at) {
        const uint64_t start = at->first * block_size;
        if (start >= end)
            break;
        const uint64_t from = std::max(start, offset);
        const uint64_t to = std::min(start + block_size, end);
        std::memcpy(out.mutable_view().data() + (from - offset),
                    at->second.content.view().data() + (from - start), to - from);
    }
    co_return out;
}

MemoryDevice::Block* MemoryDevice::make(uint64_t index) {
    const auto found = blocks_.find(index);
    if (found != blocks_.end())
        return &found->second;
    if (held() + block_size > capacity_)
        return nullptr;
    return &blocks_.emplace(index, Block{Buffer::zeroed(block_size)}).first->second;
}

Result<void> MemoryDevice::put(uint64_t offset, ByteView bytes) {
    while (!bytes.empty()) {
        const uint64_t within = offset % block_size;
        const size_t count = std::min<size_t>(bytes.size(), block_size - within);
        Block* block = make(offset / block_size);
        if (block == nullptr)
            return Error(Code::no_space, "the memory device is full");
        std::memcpy(block->content.mutable_view().data() + within, bytes.data(), count);
        block->zero = false;
        offset += count;
        bytes = bytes.subspan(count);
    }
    return {};
}

Result<void> MemoryDevice::clear(uint64_t offset, uint64_t length, bool keep_space) {
    const uint64_t end = offset + length;
    while (offset < end) {
        const uint64_t index = offset / block_size;
        const uint64_t within = offset % block_size;
        const uint64_t count = std::min(end - offset, block_size - within);
        const bool whole = count == block_size;
        if (whole && !keep_space) {
            // Straight to the next block that is there: devices are large and holes are cheap.
            const auto next = blocks_.lower_bound(index);
            const uint64_t last_whole = end / block_size;
            if (next == blocks_.end() || next->first >= last_whole) {
                offset = last_whole * block_size;
                continue;
            }
            offset = next->first * block_size + block_size;
            blocks_.erase(next);
            continue;
        }
        if (keep_space || blocks_.contains(index)) {
            Block* block = make(index);
            if (block == nullptr)
                return Error(Code::no_space, "the memory device is full");
            std::memset(block->content.mutable_view().data() + within, 0, count);
            block->zero = block->zero || whole;
        }
        offset += count;
    }
    return {};
}

Task<Result<void>> MemoryDevice::write(uint64_t offset, Buffer data, WriteFlags flags) {
    static_cast<void>(flags);
    CO_TRY(check_change(*this, offset, data.size()));
    co_return put(offset, data.view());
}

Task<Result<void>> MemoryDevice::flush() {
    co_return Result<void>();
}

Task<Result<void>> MemoryDevice::trim(uint64_t offset, uint64_t length) {
    CO_TRY(check_change(*this, offset, length));
    co_return clear(offset, length, false);
}

Task<Result<void>> MemoryDevice::zero(uint64_t offset, uint64_t length, ZeroFlags flags) {
    CO_TRY(check_change(*this, offset, length));
    co_return clear(offset, length, flags.no_hole);
}

Task<Result<std::vector<Extent>>> MemoryDevice::extents(uint64_t offset, uint64_t length) {
    CO_TRY(check_range(offset, length, size_));
    std::vector<Extent> extents;
    const uint64_t end = offset + length;
    auto at = blocks_.lower_bound(offset / block_size);
    while (offset < end && extents.size() < extents_max) {
        const bool there = at != blocks_.end() && at->first == offset / block_size;
        uint64_t next = end;
        Extent extent{0, ExtentKind::hole};
        if (there) {
            next = (at->first + 1) * block_size;
            extent.kind = at->second.zero ? ExtentKind::zero : ExtentKind::data;
            ++at;
        } else if (at != blocks_.end()) {
            next = at->first * block_size;
        }
        next = std::min(next, end);
        extent.length = next - offset;
        append_extent(extents, extent);
        offset = next;
    }
    co_return extents;
}

Task<Result<void>> MemoryDevice::resize(uint64_t size) {
    if (size < size_) {
        // What is cut off must not come back when the device grows again.
        CO_TRY(clear(size, size_ - size, false));
    }
    size_ = size;
    notify_size();
    co_return Result<void>();
}

Task<Result<void>> MemoryDevice::close() {
    co_return Result<void>();
}

}  // namespace cairn::block
