#include "file/cluster_device.h"

#include <fmt/core.h>

namespace cairn::file {

Task<Result<std::unique_ptr<ClusterDevice>>> ClusterDevice::open(client::Client& client,
                                                                 std::string path, bool read_only) {
    Result<NodeAttributes> node = co_await client.look_up(path);
    if (!node)
        co_return node.error().with_context(path);
    if (node->kind != NodeKind::file)
        co_return Error(Code::is_a_directory, fmt::format("{} is not a file", path));
    auto file =
        co_await client.open(node->file, read_only ? LeaseMode::shared : LeaseMode::exclusive);
    if (!file)
        co_return file.error().with_context(path);
    co_return std::make_unique<ClusterDevice>(client, std::move(*file), read_only);
}

block::DeviceLimits ClusterDevice::limits() const {
    block::DeviceLimits limits;
    limits.read_only = read_only_;
    limits.supports_trim = !read_only_;
    limits.supports_zero = !read_only_;
    return limits;
}

Task<Result<Buffer>> ClusterDevice::read(uint64_t offset, uint32_t length) {
    CO_TRY(block::check_range(offset, length, size()));
    co_return co_await file_->read(offset, length);
}

Task<Result<void>> ClusterDevice::write(uint64_t offset, Buffer data, block::WriteFlags flags) {
    CO_TRY(block::check_change(*this, offset, data.size()));
    co_return co_await file_->write(
        offset, std::move(data),
        flags.fua ? client::WriteUntil::durable : client::WriteUntil::held);
}

Task<Result<void>> ClusterDevice::flush() {
    if (read_only_)
        co_return Result<void>();
    co_return co_await file_->flush();
}

Task<Result<void>> ClusterDevice::trim(uint64_t offset, uint64_t length) {
    CO_TRY(block::check_change(*this, offset, length));
    co_return co_await file_->write_zeros(offset, length, true);
}

Task<Result<void>> ClusterDevice::zero(uint64_t offset, uint64_t length, block::ZeroFlags flags) {
    CO_TRY(block::check_change(*this, offset, length));
    CO_TRY(co_await file_->write_zeros(offset, length, !flags.no_hole));
    if (flags.fua)
        co_return co_await file_->flush();
    co_return Result<void>();
}

Task<Result<std::vector<block::Extent>>> ClusterDevice::extents(uint64_t offset, uint64_t length) {
    CO_TRY(block::check_range(offset, length, size()));
    auto found = co_await file_->extents(offset, length);
    if (!found)
        co_return found.error();
    std::vector<block::Extent> list;
    for (const client::OpenFile::Extent& extent : *found)
        block::append_extent(list, {extent.length, extent.allocated ? block::ExtentKind::data
                                                                    : block::ExtentKind::hole});
    co_return list;
}

Task<Result<void>> ClusterDevice::resize(uint64_t size) {
    if (read_only_)
        co_return Error(Code::read_only, "the device is open for reading only");
    CO_TRY(co_await file_->truncate(size));
    notify_size();
    co_return Result<void>();
}

Task<Result<void>> ClusterDevice::close() {
    std::shared_ptr<client::OpenFile> file = std::move(file_);
    if (!file)
        co_return Result<void>();
    co_return co_await client_.close(std::move(file));
}

}  // namespace cairn::file
