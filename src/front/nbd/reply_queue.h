// ReplyQueue: collects the replies of one connection and sends what has gathered in one write, in
// any order of requests but each reply whole. Payloads are sent from where they lie. Once the
// stream has failed, replies are dropped: nobody is left to read them. Every reply carries the
// credit that its request was given; it is returned when the reply has gone out.
#pragma once

#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "runtime/network.h"
#include "runtime/semaphore.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace cairn::nbd {

class ReplyQueue {
  public:
    ReplyQueue(Loop& loop, Stream& stream, Semaphore& credits)
        : stream_(stream), credits_(credits), changed_(loop) {}

    // A reply is made by appending to head() and attaching payloads, which go behind what head()
    // holds at that time, and ends with commit(); all in one turn, for replies do not mix.
    [[nodiscard]] Bytes& head() { return pending_.heads; }
    void attach(Buffer payload);
    void commit(uint64_t credit);

    // Sends until finish() was called and nothing is left.
    Task<void> send_all();
    void finish();

  private:
    struct Payload {
        size_t behind;  // goes out after so many bytes of heads
        Buffer content;
    };
    struct Batch {
        Bytes heads;
        std::vector<Payload> payloads;
        uint64_t credit = 0;
    };
    void slice_up(const Batch& batch);
    Task<Result<void>> write_slices();

    Stream& stream_;
    Semaphore& credits_;
    Condition changed_;
    Batch pending_;
    Batch sending_;
    std::vector<ByteView> slices_;
    bool finished_ = false;
    bool broken_ = false;
};

}  // namespace cairn::nbd
