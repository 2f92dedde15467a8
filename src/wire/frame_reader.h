// FrameReader: makes frames out of a stream of foreign bytes, whatever pieces it comes in. It owns
// the memory that is received into: small frames gather in one receive buffer and are copied out
// together; what is large is received straight into its own aligned Buffer. Memory is bounded by
// the receive buffer and one frame of the largest size. Pure: the owner does the receiving:
//     n = receive(reader.space()); reader.received(n); while (frame = reader.next()) ...
#pragma once

#include <optional>

#include "wire/frame.h"

namespace cairn {

class FrameReader {
  public:
    static constexpr size_t default_buffer_size = 256 * kib;
    // Bodies and payloads up to this size are copied out of the receive buffer.
    static constexpr size_t copied_max = 16 * kib;

    explicit FrameReader(uint16_t version, size_t buffer_size = default_buffer_size);

    // Where to receive next; never empty. Only after next() has returned no frame.
    [[nodiscard]] MutableByteView space();
    // `count` bytes have arrived at the front of space().
    void received(size_t count);
    // The next frame, or none until more was received. After an error the stream is of no use.
    [[nodiscard]] Result<std::optional<Frame>> next();
    // Whether the stream stands between two frames: an end here tears none.
    [[nodiscard]] bool at_border() const { return stage_ == Stage::header && begin_ == end_; }

  private:
    enum class Stage : uint8_t {
        header,
        small,    // body and payload are both small: wait until they are all in the receive buffer
        body,     // being received into partial_.body
        payload,  // being received into partial_.payload
    };
    [[nodiscard]] ByteView available() const {
        return buffer_.view().subspan(begin_, end_ - begin_);
    }
    void consume(size_t count) { begin_ += count; }
    [[nodiscard]] bool gathering() const {
        return stage_ == Stage::header || stage_ == Stage::small;
    }
    [[nodiscard]] Buffer& part() {
        return stage_ == Stage::body ? partial_.body : partial_.payload;
    }

    Result<bool> read_header();
    Result<bool> read_small();
    void start_part(Stage stage, uint32_t length);
    bool fill_part();
    [[nodiscard]] Result<void> verify(ByteView body) const;
    Frame finish();

    uint16_t version_;
    Stage stage_ = Stage::header;
    bool last_was_large_ = false;
    Buffer buffer_;
    size_t begin_ = 0;
    size_t end_ = 0;
    FrameHeaderBytes raw_header_{};
    Frame partial_;
    size_t filled_ = 0;  // of part()
};

}  // namespace cairn
