// FilterDevice: passes every request on to the device below; what stands in the way of requests
// (statistics, faults) overrides what it needs. It does not own the device below, which outlives
// it, and does not close it twice: close() is passed on too.
#pragma once

#include "block/block_device.h"

namespace cairn::block {

class FilterDevice : public BlockDevice {
  public:
    explicit FilterDevice(BlockDevice& below)
        : below_(below), watch_(below, [this](uint64_t) { notify_size(); }) {}

    [[nodiscard]] uint64_t size() const override { return below_.size(); }
    [[nodiscard]] DeviceLimits limits() const override { return below_.limits(); }
    Task<Result<Buffer>> read(uint64_t offset, uint32_t length) override {
        return below_.read(offset, length);
    }
    Task<Result<void>> write(uint64_t offset, Buffer data, WriteFlags flags) override {
        return below_.write(offset, std::move(data), flags);
    }
    Task<Result<void>> flush() override { return below_.flush(); }
    Task<Result<void>> trim(uint64_t offset, uint64_t length) override {
        return below_.trim(offset, length);
    }
    Task<Result<void>> zero(uint64_t offset, uint64_t length, ZeroFlags flags) override {
        return below_.zero(offset, length, flags);
    }
    Task<Result<std::vector<Extent>>> extents(uint64_t offset, uint64_t length) override {
        return below_.extents(offset, length);
    }
    Task<Result<void>> resize(uint64_t size) override { return below_.resize(size); }
    Task<Result<void>> refresh() override { return below_.refresh(); }
    Task<Result<void>> close() override { return below_.close(); }

  protected:
    [[nodiscard]] BlockDevice& below() { return below_; }

  private:
    BlockDevice& below_;
    SizeWatch watch_;
};

}  // namespace cairn::block
