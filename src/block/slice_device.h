// SliceDevice: a part of another device, [start, start + size), as a device of its own. It does not
// own the device below, which outlives it; closing a slice flushes that device and leaves it open.
// Its size is fixed; two slices that overlap are the caller's mistake and are not noticed.
#pragma once

#include "block/block_device.h"

namespace cairn::block {

class SliceDevice final : public BlockDevice {
  public:
    // The slice must lie within the device as it is now.
    SliceDevice(BlockDevice& below, uint64_t start, uint64_t size);

    [[nodiscard]] uint64_t size() const override { return size_; }
    [[nodiscard]] DeviceLimits limits() const override { return below_.limits(); }
    Task<Result<Buffer>> read(uint64_t offset, uint32_t length) override;
    Task<Result<void>> write(uint64_t offset, Buffer data, WriteFlags flags) override;
    Task<Result<void>> flush() override { return below_.flush(); }
    Task<Result<void>> trim(uint64_t offset, uint64_t length) override;
    Task<Result<void>> zero(uint64_t offset, uint64_t length, ZeroFlags flags) override;
    Task<Result<std::vector<Extent>>> extents(uint64_t offset, uint64_t length) override;
    Task<Result<void>> resize(uint64_t size) override;
    Task<Result<void>> close() override { return below_.flush(); }

  private:
    BlockDevice& below_;
    uint64_t start_;
    uint64_t size_;
};

}  // namespace cairn::block
