#include "block/block_device.h"

#include <fmt/core.h>

#include "base/check.h"

namespace cairn::block {

BlockDevice::~BlockDevice() {
    CHECK_NOTE(first_watch_ == nullptr, "a device was destroyed under a SizeWatch");
}

Task<Result<void>> BlockDevice::refresh() {
    co_return Result<void>();
}

void BlockDevice::notify_size() {
    const uint64_t now = size();
    for (SizeWatch* watch = first_watch_; watch != nullptr; watch = watch->next_)
        watch->changed_(now);
}

SizeWatch::SizeWatch(BlockDevice& device, std::move_only_function<void(uint64_t)> changed)
    : device_(device), changed_(std::move(changed)), next_(device.first_watch_) {
    device.first_watch_ = this;
}

SizeWatch::~SizeWatch() {
    SizeWatch** link = &device_.first_watch_;
    while (*link != this)
        link = &(*link)->next_;
    *link = next_;
}

Result<void> check_range(uint64_t offset, uint64_t length, uint64_t size) {
    if (offset > size || length > size - offset) {
        return Error(Code::out_of_range,
                     fmt::format("{} bytes at offset {} lie beyond the end of the device, {} bytes",
                                 length, offset, size));
    }
    return {};
}

Result<void> check_change(const BlockDevice& device, uint64_t offset, uint64_t length) {
    if (device.limits().read_only)
        return Error(Code::read_only, "the device is read-only");
    return check_range(offset, length, device.size());
}

void append_extent(std::vector<Extent>& extents, Extent extent) {
    if (!extents.empty() && extents.back().kind == extent.kind)
        extents.back().length += extent.length;
    else
        extents.push_back(extent);
}

}  // namespace cairn::block
