// One I/O operation, awaited where it is started: `auto n = co_await file.read(offset, buffer);`.
// It costs no allocation: the operation lives in the awaiting frame, which must not go away before
// it completes. Results may be short, as a kernel's are; the *_all and *_exact helpers of network.h
// and disk.h go on with the rest.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace cairn {

class IoOperation;

enum class IoKind : uint8_t {
    read,           // file at offset, or stream
    write,          // file at offset, or stream: held by the kernel or the device when it completes
    write_durable,  // file: on stable media when it completes
    sync,           // file: everything written before is on stable media
    allocate,       // file: reserve [offset, offset + length)
    punch_hole,     // file: [offset, offset + length) reads as zeros and takes no space
    truncate,       // file: size becomes `offset`
};

// What a stream or a file of a runtime does with an operation: start it, and complete() it later
// from the driver, never from inside start().
class IoTarget {
  public:
    virtual ~IoTarget() = default;
    virtual void start(IoOperation& operation) = 0;
    // The awaiting frame is destroyed under the operation: only when its process was killed, or its
    // loop torn down.
    virtual void forget(IoOperation& operation) = 0;
};

class [[nodiscard]] IoOperation {
  public:
    IoOperation(IoTarget& target, IoKind kind, uint64_t offset, uint64_t length)
        : kind_(kind), offset_(offset), length_(length), target_(target) {}
    IoOperation(IoTarget& target, uint64_t offset, MutableByteView into)
        : kind_(IoKind::read),
          offset_(offset),
          length_(into.size()),
          into_(into),
          target_(target) {}
    // `slices` and what they show must live until the operation completes.
    IoOperation(IoTarget& target, IoKind kind, uint64_t offset, std::span<const ByteView> slices)
        : kind_(kind), offset_(offset), slices_(slices), target_(target) {
        for (const ByteView slice : slices)
            length_ += slice.size();
    }
    IoOperation(const IoOperation&) = delete;
    IoOperation& operator=(const IoOperation&) = delete;
    ~IoOperation() {
        if (in_flight_)
            target_.forget(*this);
    }

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        waiter_ = handle;
        in_flight_ = true;
        target_.start(*this);
    }
    // Bytes moved (0 at the end of a stream or file), or the error.
    Result<size_t> await_resume();

    // For the driver. `result` is a byte count or a negative errno; returns what to resume, through
    // the loop.
    [[nodiscard]] std::coroutine_handle<> complete(int64_t result) {
        result_ = result;
        in_flight_ = false;
        return waiter_;
    }
    [[nodiscard]] IoKind kind() const { return kind_; }
    [[nodiscard]] uint64_t offset() const { return offset_; }
    [[nodiscard]] uint64_t length() const { return length_; }
    [[nodiscard]] MutableByteView into() const { return into_; }
    [[nodiscard]] std::span<const ByteView> slices() const { return slices_; }

    // For the driver's own bookkeeping while the operation is in flight.
    void* driver_data = nullptr;

  private:
    IoKind kind_;
    bool in_flight_ = false;
    uint64_t offset_ = 0;
    uint64_t length_ = 0;
    MutableByteView into_;
    std::span<const ByteView> slices_;
    IoTarget& target_;
    std::coroutine_handle<> waiter_;
    int64_t result_ = 0;
};

}  // namespace cairn
