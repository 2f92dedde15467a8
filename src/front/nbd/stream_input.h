// StreamInput: reads a stream through one large buffer, so that many small requests come in with
// one receive, and large payloads go straight to where they belong. One task reads at a time.
#pragma once

#include <cstddef>

#include "base/buffer.h"
#include "base/result.h"
#include "runtime/network.h"
#include "runtime/task.h"

namespace cairn::nbd {

class StreamInput {
  public:
    StreamInput(Stream& stream, size_t capacity)
        : stream_(stream), buffer_(Buffer::allocate(capacity)) {}

    // What has come in and was not consumed; valid until the next call of anything but this.
    [[nodiscard]] ByteView available() const {
        return buffer_.view().subspan(begin_, end_ - begin_);
    }
    void consume(size_t count);
    // Waits until `count` bytes, at most the capacity, are available; connection_lost if the stream
    // ends before.
    Task<Result<void>> need(size_t count);
    // Fills `into`, which lives until this returns.
    Task<Result<void>> read(MutableByteView into);
    // Throws `count` bytes away.
    Task<Result<void>> skip(uint64_t count);

  private:
    Stream& stream_;
    Buffer buffer_;
    size_t begin_ = 0;
    size_t end_ = 0;
};

}  // namespace cairn::nbd
