#include "wire/frame_reader.h"

#include <algorithm>
#include <cstring>

#include "base/size.h"

namespace cairn {

namespace {

// After a large frame the next is probably large too: receiving only this much first leaves the
// rest of it to be received in place, instead of copied.
constexpr size_t space_after_large = 4 * kib;

}  // namespace

FrameReader::FrameReader(uint16_t version, size_t buffer_size)
    : version_(version), buffer_(Buffer::allocate(buffer_size)) {
    CHECK_NOTE(buffer_size >= frame_header_size + 2 * copied_max,
               "the largest frame that is gathered must fit");
}

MutableByteView FrameReader::space() {
    if (!gathering())
        return part().mutable_view().subspan(filled_);
    const ByteView rest = available();
    if (begin_ > 0) {
        std::memmove(buffer_.mutable_view().data(), rest.data(), rest.size());
        begin_ = 0;
        end_ = rest.size();
    }
    MutableByteView free = buffer_.mutable_view().subspan(end_);
    CHECK(!free.empty());
    if (last_was_large_ && rest.empty())
        free = free.first(std::min(free.size(), space_after_large));
    return free;
}

void FrameReader::received(size_t count) {
    if (gathering()) {
        CHECK(count <= buffer_.size() - end_);
        end_ += count;
    } else {
        CHECK(count <= part().size() - filled_);
        filled_ += count;
    }
}

Result<std::optional<Frame>> FrameReader::next() {
    while (true) {
        switch (stage_) {
            case Stage::header: {
                Result<bool> done = read_header();
                if (!done)
                    return done.error();
                if (!*done)
                    return std::optional<Frame>();
                break;
            }
            case Stage::small: {
                Result<bool> done = read_small();
                if (!done)
                    return done.error();
                return *done ? std::optional<Frame>(finish()) : std::nullopt;
            }
            case Stage::body:
                if (!fill_part())
                    return std::optional<Frame>();
                TRY(verify(partial_.body.view()));
                start_part(Stage::payload, partial_.header.payload_length);
                break;
            case Stage::payload:
                if (!fill_part())
                    return std::optional<Frame>();
                return std::optional<Frame>(finish());
        }
    }
}

Result<bool> FrameReader::read_header() {
    if (available().size() < frame_header_size)
        return false;
    std::ranges::copy(available().first(frame_header_size), raw_header_.begin());
    Result<FrameHeader> header = decode_frame_header(raw_header_, version_);
    if (!header)
        return header.error();
    consume(frame_header_size);
    partial_.header = *header;
    if (header->body_length <= copied_max && header->payload_length <= copied_max)
        stage_ = Stage::small;
    else
        start_part(Stage::body, header->body_length);
    return true;
}

// One allocation for both, the payload first, where it is aligned; but a payload of a block or more
// may be kept for long, and gets memory of its own, which is of just its size.
Result<bool> FrameReader::read_small() {
    const size_t body_length = partial_.header.body_length;
    const size_t payload_length = partial_.header.payload_length;
    if (available().size() < body_length + payload_length)
        return false;
    const ByteView body = available().first(body_length);
    TRY(verify(body));
    const ByteView payload = available().subspan(body_length, payload_length);
    if (payload_length >= block_size) {
        partial_.payload = Buffer::copy_of(payload);
        partial_.body = Buffer::copy_of(body);
        consume(body_length + payload_length);
        return true;
    }
    Buffer both = Buffer::allocate(body_length + payload_length);
    std::ranges::copy(payload, both.mutable_view().begin());
    std::ranges::copy(body, both.mutable_view().subspan(payload_length).begin());
    consume(body_length + payload_length);
    if (payload_length != 0)
        partial_.payload = both.slice(0, payload_length);
    if (body_length != 0)
        partial_.body = both.slice(payload_length, body_length);
    return true;
}

void FrameReader::start_part(Stage stage, uint32_t length) {
    stage_ = stage;
    part() = Buffer::allocate(length);
    filled_ = 0;
}

bool FrameReader::fill_part() {
    const MutableByteView missing = part().mutable_view().subspan(filled_);
    const ByteView here = available().first(std::min(available().size(), missing.size()));
    std::ranges::copy(here, missing.begin());
    consume(here.size());
    filled_ += here.size();
    return filled_ == part().size();
}

Result<void> FrameReader::verify(ByteView body) const {
    if (!verify_frame(raw_header_, body))
        return Error(Code::corrupt, "a frame whose checksum does not hold");
    return {};
}

Frame FrameReader::finish() {
    last_was_large_ = stage_ == Stage::payload && partial_.header.payload_length > copied_max;
    stage_ = Stage::header;
    filled_ = 0;
    return std::exchange(partial_, {});
}

}  // namespace cairn
