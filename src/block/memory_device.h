// MemoryDevice: a sparse device in memory, for tests and for exports that need not last. It keeps
// nothing durable; everything else is as BlockDevice promises, so it also serves as the naive twin
// of the devices that are not.
#pragma once

#include <map>

#include "base/size.h"
#include "block/block_device.h"

namespace cairn::block {

class MemoryDevice final : public BlockDevice {
  public:
    // Whole blocks of it are refused with no_space once `capacity` bytes are held.
    explicit MemoryDevice(uint64_t size, uint64_t capacity = UINT64_MAX)
        : size_(size), capacity_(capacity) {}

    [[nodiscard]] uint64_t size() const override { return size_; }
    [[nodiscard]] DeviceLimits limits() const override;
    Task<Result<Buffer>> read(uint64_t offset, uint32_t length) override;
    Task<Result<void>> write(uint64_t offset, Buffer data, WriteFlags flags) override;
    Task<Result<void>> flush() override;
    Task<Result<void>> trim(uint64_t offset, uint64_t length) override;
    Task<Result<void>> zero(uint64_t offset, uint64_t length, ZeroFlags flags) override;
    Task<Result<std::vector<Extent>>> extents(uint64_t offset, uint64_t length) override;
    Task<Result<void>> resize(uint64_t size) override;
    Task<Result<void>> close() override;

    [[nodiscard]] uint64_t held() const { return blocks_.size() * block_size; }

  private:
    struct Block {
        Buffer content;
        bool zero = false;  // reserved by zero(no_hole) and not written since
    };
    // Null where there is no space for another.
    Block* make(uint64_t index);
    // Writes `bytes` of zeros or of data, block by block.
    Result<void> put(uint64_t offset, ByteView bytes);
    Result<void> clear(uint64_t offset, uint64_t length, bool keep_space);

    uint64_t size_;
    uint64_t capacity_;
    std::map<uint64_t, Block> blocks_;  // by offset / block_size
};

}  // namespace cairn::block
