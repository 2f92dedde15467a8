#include "block/file_device.h"

#include <algorithm>
#include <cstring>
#include <fmt/core.h>

#include "base/size.h"
#include "block/direct_io.h"

namespace cairn::block {

namespace {

constexpr uint64_t zeros_piece = 1 * mib;

bool is_aligned(ByteView memory) {
    return reinterpret_cast<uintptr_t>(memory.data()) % block_size == 0;
}

}  // namespace

FileDevice::FileDevice(Runtime& runtime, std::string path, FileDeviceOptions options)
    : log_(runtime.log), path_(std::move(path)), options_(options), ranges_(runtime.loop) {}

Task<Result<std::unique_ptr<FileDevice>>> FileDevice::open(Runtime& runtime, std::string path,
                                                           FileDeviceOptions options) {
    std::unique_ptr<FileDevice> device(new FileDevice(runtime, path, options));
    Result<FileStatus> status = co_await runtime.disk.status(path);
    if (!status)
        co_return status.error();
    if (status->is_directory)
        co_return Error(Code::is_a_directory, path + " is a directory, not a disk image");

    const bool write = !options.read_only;
    Result<std::unique_ptr<File>> buffered =
        co_await runtime.disk.open(path, {.write = write, .claim = write});
    if (!buffered)
        co_return buffered.error();
    device->buffered_ = std::move(buffered).value();
    if (options.caching == Caching::direct) {
        Result<std::unique_ptr<File>> direct =
            co_await runtime.disk.open(path, {.write = write, .caching = Caching::direct});
        if (!direct)
            co_return direct.error();
        device->direct_ = std::move(direct).value();
    }
    Result<uint64_t> size = device->buffered_->size();
    if (!size)
        co_return size.error();
    device->set_size(*size);
    co_return std::move(device);
}

void FileDevice::set_size(uint64_t size) {
    size_ = size;
    direct_end_ = direct_ != nullptr ? align_down(size, block_size) : 0;
}

DeviceLimits FileDevice::limits() const {
    return {
        .read_only = options_.read_only, .supports_trim = can_free_, .supports_zero = can_free_};
}

FileDevice::Span FileDevice::span_of(uint64_t offset, uint64_t length) const {
    const uint64_t end = offset + length;
    Span span{};
    span.first = offset < direct_end_ ? align_down(offset, block_size) : offset;
    span.last = end <= direct_end_ ? align_up(end, block_size) : end;
    span.middle = std::clamp(direct_end_, span.first, span.last);
    return span;
}

Result<void> FileDevice::check_writable(uint64_t offset, uint64_t length) const {
    if (failed_) {
        return Error(Code::io_error, fmt::format("{} failed to keep what was written to it; it is "
                                                 "not written again until it is reopened",
                                                 path_));
    }
    return check_change(*this, offset, length);
}

Task<Result<Buffer>> FileDevice::read(uint64_t offset, uint32_t length) {
    CO_TRY(check_range(offset, length, size_));
    RangeLock::Hold hold(ranges_, offset, length, Access::shared);
    co_await hold.granted();
    CO_TRY(check_range(offset, length, size_));  // it may have been resized meanwhile

    const Span span = span_of(offset, length);
    Buffer content = Buffer::allocate(span.last - span.first);
    const size_t direct_size = span.middle - span.first;
    if (direct_size != 0)
        CO_TRY(
            co_await read_blocks(*direct_, span.first, content.mutable_view().first(direct_size)));
    if (span.last != span.middle)
        CO_TRY(co_await read_exact(*buffered_, span.middle,
                                   content.mutable_view().subspan(direct_size)));
    co_return content.slice(offset - span.first, length);
}

Task<Result<void>> FileDevice::write(uint64_t offset, Buffer data, WriteFlags flags) {
    CO_TRY(check_writable(offset, data.size()));
    RangeLock::Hold hold(ranges_, offset, data.size(), Access::exclusive);
    co_await hold.granted();
    CO_TRY(check_writable(offset, data.size()));
    co_return co_await write_held(offset, std::move(data), flags.fua);
}

// The whole blocks of [first, middle): `data`, and around it what the file holds.
Task<Result<Buffer>> FileDevice::merge_edges(Span span, uint64_t offset, Buffer data) {
    Buffer blocks = Buffer::allocate(span.middle - span.first);
    const uint64_t end = std::min(offset + data.size(), span.middle);
    const uint64_t last_block = span.middle - block_size;
    if (offset > span.first)
        CO_TRY(co_await read_blocks(*direct_, span.first, blocks.mutable_view().first(block_size)));
    const bool have_last = offset > span.first && last_block == span.first;
    if (end < span.middle && !have_last)
        CO_TRY(co_await read_blocks(*direct_, last_block, blocks.mutable_view().last(block_size)));
    std::memcpy(blocks.mutable_view().data() + (offset - span.first), data.view().data(),
                end - offset);
    co_return blocks;
}

Task<Result<void>> FileDevice::write_held(uint64_t offset, Buffer data, bool durable) {
    if (data.empty())
        co_return Result<void>();
    const Span span = span_of(offset, data.size());
    Result<void> result;
    if (span.middle != span.first) {
        Buffer blocks = data;
        if (offset == span.first && span.middle - offset <= data.size() &&
            is_aligned(data.view())) {
            blocks = data.slice(0, span.middle - offset);
        } else {
            Result<Buffer> merged = co_await merge_edges(span, offset, data);
            if (!merged)
                co_return merged.error();
            blocks = std::move(merged).value();
        }
        result = co_await write_blocks(*direct_, span.first, blocks.view(), durable);
    }
    if (result && span.last != span.middle) {
        const uint64_t from = std::max(offset, span.middle);
        result =
            co_await write_bytes(*buffered_, from, data.view().subspan(from - offset), durable);
    }
    // A durable write that failed is a failed flush; for want of space nothing was to be kept.
    if (!result && durable && result.code() != Code::no_space)
        failed_ = true;
    co_return result;
}

Task<Result<void>> FileDevice::sync() {
    Result<size_t> synced = co_await buffered_->sync();
    if (!synced) {
        failed_ = true;
        log_.write(
            Severity::error, "block",
            fmt::format("{}: {}; it is not written any more", path_, synced.error().message()));
        co_return synced.error();
    }
    co_return Result<void>();
}

Task<Result<void>> FileDevice::flush() {
    if (options_.read_only)
        co_return Result<void>();
    CO_TRY(check_writable(0, 0));
    co_return co_await sync();
}

Task<Result<void>> FileDevice::free_blocks_held(uint64_t offset, uint64_t length, bool keep_space) {
    if (!can_free_)
        co_return Error(Code::not_supported, "the file system does not punch holes");
    Result<size_t> freed = co_await buffered_->punch_hole(offset, length);
    if (!freed) {
        if (freed.code() == Code::not_supported)
            can_free_ = false;
        co_return freed.error();
    }
    if (keep_space) {
        Result<size_t> kept = co_await buffered_->allocate(offset, length);
        if (!kept)
            co_return kept.error();
    }
    co_return Result<void>();
}

Task<Result<void>> FileDevice::trim(uint64_t offset, uint64_t length) {
    CO_TRY(check_writable(offset, length));
    RangeLock::Hold hold(ranges_, offset, length, Access::exclusive);
    co_await hold.granted();
    CO_TRY(check_writable(offset, length));
    const uint64_t first = align_up(offset, block_size);
    const uint64_t last = align_down(offset + length, block_size);
    if (first >= last)
        co_return Result<void>();
    Result<void> freed = co_await free_blocks_held(first, last - first, false);
    // A trim is advice: what cannot take it need not.
    if (freed.code() == Code::not_supported)
        co_return Result<void>();
    co_return freed;
}

Task<Result<void>> FileDevice::write_zeros_held(uint64_t offset, uint64_t length) {
    const Buffer zeros = Buffer::zeroed(std::min(length, zeros_piece));
    while (length != 0) {
        // Pieces end at multiples of the piece, so that all but the ends are whole blocks.
        const uint64_t piece = std::min(length, zeros_piece - offset % zeros_piece);
        CO_TRY(co_await write_held(offset, zeros.slice(0, piece), false));
        offset += piece;
        length -= piece;
    }
    co_return Result<void>();
}

Task<Result<void>> FileDevice::zero_blocks_held(uint64_t offset, uint64_t length, ZeroFlags flags) {
    Result<void> freed = co_await free_blocks_held(offset, length, flags.no_hole);
    if (freed.code() == Code::not_supported && !flags.fast_only)
        co_return co_await write_zeros_held(offset, length);
    co_return freed;
}

Task<Result<void>> FileDevice::zero(uint64_t offset, uint64_t length, ZeroFlags flags) {
    CO_TRY(check_writable(offset, length));
    RangeLock::Hold hold(ranges_, offset, length, Access::exclusive);
    co_await hold.granted();
    CO_TRY(check_writable(offset, length));

    const uint64_t end = offset + length;
    const uint64_t first = align_up(offset, block_size);
    const uint64_t last = align_down(end, block_size);
    if (first < last) {
        // Whole blocks first: where they cannot be done fast, nothing at all is done.
        CO_TRY(co_await zero_blocks_held(first, last - first, flags));
        CO_TRY(co_await write_zeros_held(offset, first - offset));
        CO_TRY(co_await write_zeros_held(last, end - last));
    } else {
        CO_TRY(co_await write_zeros_held(offset, length));
    }
    if (flags.fua)
        CO_TRY(co_await sync());
    co_return Result<void>();
}

Task<Result<std::vector<Extent>>> FileDevice::extents(uint64_t offset, uint64_t length) {
    CO_TRY(check_range(offset, length, size_));
    std::vector<Extent> extents;
    const uint64_t end = offset + length;
    while (offset < end && extents.size() < extents_max) {
        Result<FileExtent> extent = buffered_->extent_at(offset);
        if (!extent)
            co_return extent.error();
        // The file may have been cut elsewhere: what we still call ours is then at least not data.
        const uint64_t next = std::clamp(extent->end, offset, end);
        if (next == offset) {
            append_extent(extents, {end - offset, ExtentKind::hole});
            break;
        }
        append_extent(extents,
                      {next - offset, extent->is_hole ? ExtentKind::hole : ExtentKind::data});
        offset = next;
    }
    co_return extents;
}

Task<Result<void>> FileDevice::resize(uint64_t size) {
    CO_TRY(check_writable(0, 0));
    RangeLock::Hold everything(ranges_, 0, UINT64_MAX, Access::exclusive);
    co_await everything.granted();
    CO_TRY(check_writable(0, 0));
    Result<size_t> resized = co_await buffered_->truncate(size);
    if (!resized)
        co_return resized.error();
    set_size(size);
    notify_size();
    co_return co_await sync();
}

Task<Result<void>> FileDevice::refresh() {
    Result<uint64_t> seen = buffered_->size();
    if (!seen)
        co_return seen.error();
    if (*seen == size_)
        co_return Result<void>();
    RangeLock::Hold everything(ranges_, 0, UINT64_MAX, Access::exclusive);
    co_await everything.granted();
    Result<uint64_t> now = buffered_->size();
    if (!now)
        co_return now.error();
    if (*now != size_) {
        set_size(*now);
        notify_size();
    }
    co_return Result<void>();
}

Task<Result<void>> FileDevice::close() {
    CHECK_NOTE(ranges_.size() == 0, "a device was closed under its requests");
    Result<void> flushed = co_await flush();
    direct_.reset();
    buffered_.reset();
    co_return flushed;
}

}  // namespace cairn::block
