// BlockDevice: a range of bytes that can be read and written; everything that stores is one, and
// everything that exports takes one. A device belongs to one loop; its owner keeps it alive until
// every request has ended and close() has returned.
// Requests may overlap in time and complete in any order, but two that touch the same 4 KiB block,
// one of them changing it, take effect in the order in which they were made. A write that returned
// is seen by every later read and survives this process; it survives a power cut once a flush()
// that was made after it returned has succeeded, or if it carried `fua`. A failed write, zero or
// trim leaves its range old, new or a mixture of both.
//
// Any range within size() goes, in units of minimum_block_size; parts of blocks cost a read. The
// device never blocks the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "runtime/task.h"

namespace cairn::block {

struct DeviceLimits {
    uint32_t minimum_block_size = 1;       // offsets and lengths are multiples of it
    uint32_t preferred_block_size = 4096;  // multiples of it cost no read-modify-write
    uint32_t maximum_transfer = 32 << 20;  // bytes of one read or write
    bool read_only = false;
    bool supports_trim = false;
    bool supports_zero = false;  // zero() is done without writing the zeros
};

struct WriteFlags {
    bool fua = false;  // durable when it returns
};

struct ZeroFlags {
    bool fua = false;
    bool no_hole = false;    // keep the space, so that a later write cannot meet no_space
    bool fast_only = false;  // fail at once with not_supported rather than write the zeros
};

enum class ExtentKind : uint8_t {
    data,
    zero,  // reads as zeros, takes space
    hole,  // reads as zeros, takes none
};

struct Extent {
    uint64_t length = 0;
    ExtentKind kind = ExtentKind::data;
    bool operator==(const Extent&) const = default;
};

class SizeWatch;

class BlockDevice {
  public:
    BlockDevice() = default;
    BlockDevice(const BlockDevice&) = delete;
    BlockDevice& operator=(const BlockDevice&) = delete;
    virtual ~BlockDevice();

    [[nodiscard]] virtual uint64_t size() const = 0;
    [[nodiscard]] virtual DeviceLimits limits() const = 0;

    // Exactly `length` bytes, at most maximum_transfer.
    virtual Task<Result<Buffer>> read(uint64_t offset, uint32_t length) = 0;
    // `data` is not changed by anybody until this returns.
    virtual Task<Result<void>> write(uint64_t offset, Buffer data, WriteFlags flags) = 0;
    // Makes durable what had been written when this was called. Once a flush has failed, the device
    // refuses further writes and flushes: what it should have kept may be gone.
    virtual Task<Result<void>> flush() = 0;
    // Says that the content is not needed any more: it reads as zeros or as before, block by block.
    virtual Task<Result<void>> trim(uint64_t offset, uint64_t length) = 0;
    virtual Task<Result<void>> zero(uint64_t offset, uint64_t length, ZeroFlags flags) = 0;
    // What is stored from `offset` on, without gaps, neighbours of one kind joined: at least one
    // extent, at most extents_max, covering no more than `length`. It is a hint about space, but
    // `zero` and `hole` read as zeros unless somebody writes meanwhile.
    virtual Task<Result<std::vector<Extent>>> extents(uint64_t offset, uint64_t length) = 0;
    static constexpr size_t extents_max = 4096;

    // Grows or shrinks the device; what is added reads as zeros.
    virtual Task<Result<void>> resize(uint64_t size) = 0;
    // Looks whether the device was resized elsewhere; size() is true to that when this returns.
    virtual Task<Result<void>> refresh();
    // Flushes and gives up what is held open. Nothing else may be in flight, and nothing follows.
    virtual Task<Result<void>> close() = 0;

  protected:
    // For devices: tells the watches that size() is now another.
    void notify_size();

  private:
    friend class SizeWatch;
    SizeWatch* first_watch_ = nullptr;
};

// Calls `changed(new size)` when the device's size has changed, for as long as it lives, which must
// not be longer than the device. `changed` must neither wait nor call back into the device.
class SizeWatch {
  public:
    SizeWatch(BlockDevice& device, std::move_only_function<void(uint64_t)> changed);
    SizeWatch(const SizeWatch&) = delete;
    SizeWatch& operator=(const SizeWatch&) = delete;
    ~SizeWatch();

  private:
    friend class BlockDevice;
    BlockDevice& device_;
    std::move_only_function<void(uint64_t)> changed_;
    SizeWatch* next_ = nullptr;
};

// Refuses with out_of_range what does not lie within [0, size), in words that name all three
// numbers.
[[nodiscard]] Result<void> check_range(uint64_t offset, uint64_t length, uint64_t size);

// The same for a request that changes the device; read_only comes first.
[[nodiscard]] Result<void> check_change(const BlockDevice& device, uint64_t offset,
                                        uint64_t length);

// Adds an extent at the end of a list, joining it to the last where they are of one kind.
void append_extent(std::vector<Extent>& extents, Extent extent);

}  // namespace cairn::block
