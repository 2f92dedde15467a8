// FileDevice: a file of this machine (or a device node) as a block device. It reads and writes past
// the page cache where the file system allows that, so that what a guest caches is not cached twice
// and a flush only flushes; what is not whole blocks is read, merged and written back under a range
// lock. A size that is no multiple of 4 KiB is kept: the odd end goes through the page cache.
//
// A file that is open for writing is claimed, so that a second server refuses it. After a failed
// flush the device refuses to write or flush again until it is reopened.
#pragma once

#include <memory>
#include <string>

#include "block/block_device.h"
#include "block/range_lock.h"
#include "runtime/runtime.h"

namespace cairn::block {

struct FileDeviceOptions {
    bool read_only = false;
    Caching caching = Caching::direct;
};

class FileDevice final : public BlockDevice {
  public:
    static Task<Result<std::unique_ptr<FileDevice>>> open(Runtime& runtime, std::string path,
                                                          FileDeviceOptions options);

    [[nodiscard]] uint64_t size() const override { return size_; }
    [[nodiscard]] DeviceLimits limits() const override;
    Task<Result<Buffer>> read(uint64_t offset, uint32_t length) override;
    Task<Result<void>> write(uint64_t offset, Buffer data, WriteFlags flags) override;
    Task<Result<void>> flush() override;
    Task<Result<void>> trim(uint64_t offset, uint64_t length) override;
    Task<Result<void>> zero(uint64_t offset, uint64_t length, ZeroFlags flags) override;
    Task<Result<std::vector<Extent>>> extents(uint64_t offset, uint64_t length) override;
    Task<Result<void>> resize(uint64_t size) override;
    Task<Result<void>> refresh() override;
    Task<Result<void>> close() override;

  private:
    // A request's range, grown to whole blocks where it lies in the part that is accessed directly:
    // [first, middle) goes to direct_, [middle, last) to buffered_.
    struct Span {
        uint64_t first;
        uint64_t middle;
        uint64_t last;
    };

    FileDevice(Runtime& runtime, std::string path, FileDeviceOptions options);
    [[nodiscard]] Span span_of(uint64_t offset, uint64_t length) const;
    void set_size(uint64_t size);
    [[nodiscard]] Result<void> check_writable(uint64_t offset, uint64_t length) const;

    // These run while the caller holds the range.
    Task<Result<void>> write_held(uint64_t offset, Buffer data, bool durable);
    Task<Result<Buffer>> merge_edges(Span span, uint64_t offset, Buffer data);
    Task<Result<void>> zero_blocks_held(uint64_t offset, uint64_t length, ZeroFlags flags);
    Task<Result<void>> free_blocks_held(uint64_t offset, uint64_t length, bool keep_space);
    Task<Result<void>> write_zeros_held(uint64_t offset, uint64_t length);
    Task<Result<void>> sync();

    Log& log_;
    std::string path_;
    FileDeviceOptions options_;
    std::unique_ptr<File> buffered_;
    std::unique_ptr<File> direct_;  // null where everything is buffered
    uint64_t size_ = 0;
    uint64_t direct_end_ = 0;  // size_ rounded down to whole blocks; 0 without direct_
    RangeLock ranges_;
    bool can_free_ = true;  // the file system punches holes, as far as is known
    bool failed_ = false;   // a flush failed
};

}  // namespace cairn::block
