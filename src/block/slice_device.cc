#include "block/slice_device.h"

#include "base/check.h"

namespace cairn::block {

SliceDevice::SliceDevice(BlockDevice& below, uint64_t start, uint64_t size)
    : below_(below), start_(start), size_(size) {
    CHECK(start <= below.size() && size <= below.size() - start);
}

Task<Result<Buffer>> SliceDevice::read(uint64_t offset, uint32_t length) {
    CO_TRY(check_range(offset, length, size_));
    co_return co_await below_.read(start_ + offset, length);
}

Task<Result<void>> SliceDevice::write(uint64_t offset, Buffer data, WriteFlags flags) {
    CO_TRY(check_change(*this, offset, data.size()));
    co_return co_await below_.write(start_ + offset, std::move(data), flags);
}

Task<Result<void>> SliceDevice::trim(uint64_t offset, uint64_t length) {
    CO_TRY(check_change(*this, offset, length));
    co_return co_await below_.trim(start_ + offset, length);
}

Task<Result<void>> SliceDevice::zero(uint64_t offset, uint64_t length, ZeroFlags flags) {
    CO_TRY(check_change(*this, offset, length));
    co_return co_await below_.zero(start_ + offset, length, flags);
}

Task<Result<std::vector<Extent>>> SliceDevice::extents(uint64_t offset, uint64_t length) {
    CO_TRY(check_range(offset, length, size_));
    co_return co_await below_.extents(start_ + offset, length);
}

Task<Result<void>> SliceDevice::resize(uint64_t size) {
    static_cast<void>(size);
    co_return Error(Code::not_supported, "a slice of a device has a fixed size");
}

}  // namespace cairn::block
