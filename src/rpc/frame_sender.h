// FrameSender: the one writer of a connection. What becomes ready in one turn of the loop leaves in
// one write: headers and small bodies are copied side by side, payloads go by reference. It belongs
// to its connection and never waits for anything but its stream.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "rpc/message.h"
#include "runtime/network.h"
#include "runtime/wait.h"
#include "wire/frame.h"

namespace cairn::rpc {

class FrameSender {
  public:
    // `sent` is told the charges of frames that have left, or never will.
    using Sent = std::move_only_function<void(uint64_t charge)>;

    FrameSender(Loop& loop, Stream& stream, uint16_t version, Sent sent)
        : stream_(stream), version_(version), sent_(std::move(sent)), changed_(loop) {}

    // Lengths and version of `header` are filled in here. After close() the frame is dropped.
    void push(FrameHeader header, Bytes body, Payload payload, uint64_t charge = 0);
    // Sends until close() or an error of the stream, which also closes.
    Task<Result<void>> run();
    void close();

    [[nodiscard]] uint64_t queued_bytes() const { return filling_.bytes + sending_.bytes; }
    // Counts writes that began: something was said since it last differed.
    [[nodiscard]] uint64_t writes() const { return writes_; }

  private:
    struct Piece {
        size_t offset = 0;  // in the batch's text, where neither of the others is set
        size_t length = 0;
        Bytes body{};
        Buffer payload{};
    };
    struct Batch {
        Bytes text;
        std::vector<Piece> pieces;
        uint64_t bytes = 0;
        uint64_t charge = 0;
    };
    void add_text(ByteView bytes);
    void list_slices();
    Task<Result<void>> write_slices();
    void finish(Batch& batch);

    Stream& stream_;
    uint16_t version_;
    Sent sent_;
    Condition changed_;
    Batch filling_;
    Batch sending_;
    std::vector<ByteView> slices_;
    uint64_t writes_ = 0;
    bool closed_ = false;
};

}  // namespace cairn::rpc
