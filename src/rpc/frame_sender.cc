#include "rpc/frame_sender.h"

#include <algorithm>

namespace cairn::rpc {

namespace {

// Larger bodies are not copied.
constexpr size_t copied_body_max = 16 * kib;
// What a kernel takes in one call (IOV_MAX) is 1024.
constexpr size_t slices_per_write = 512;
// A batch keeps its memory for the next, unless a burst made it larger than this.
constexpr size_t kept_text_max = 256 * kib;

}  // namespace

void FrameSender::push(FrameHeader header, Bytes body, Payload payload, uint64_t charge) {
    if (closed_) {
        sent_(charge);
        return;
    }
    header.version = version_;
    header.body_length = static_cast<uint32_t>(body.size());
    header.payload_length = static_cast<uint32_t>(payload.size());
    filling_.bytes += frame_header_size + body.size() + payload.size();
    filling_.charge += charge;
    add_text(encode_frame_header(header, body));
    if (body.size() <= copied_body_max)
        add_text(body);
    else
        filling_.pieces.push_back({.body = std::move(body)});
    for (size_t i = 0; i < payload.count(); i++)
        filling_.pieces.push_back({.payload = payload.part(i)});
    changed_.notify_all();
}

void FrameSender::add_text(ByteView bytes) {
    Bytes& text = filling_.text;
    const bool follows = !filling_.pieces.empty() && filling_.pieces.back().length != 0;
    if (follows)
        filling_.pieces.back().length += bytes.size();
    else if (!bytes.empty())
        filling_.pieces.push_back({.offset = text.size(), .length = bytes.size()});
    text.insert(text.end(), bytes.begin(), bytes.end());
}

Task<Result<void>> FrameSender::run() {
    while (true) {
        while (!closed_ && filling_.pieces.empty())
            co_await changed_.wait();
        if (closed_)
            co_return Result<void>();
        std::swap(filling_, sending_);
        list_slices();
        writes_++;
        Result<void> written = co_await write_slices();
        finish(sending_);
        if (!written) {
            close();
            co_return written;
        }
    }
}

void FrameSender::list_slices() {
    slices_.clear();
    const ByteView text = sending_.text;
    for (const Piece& piece : sending_.pieces) {
        if (piece.length != 0)
            slices_.push_back(text.subspan(piece.offset, piece.length));
        else
            slices_.push_back(piece.body.empty() ? piece.payload.view() : ByteView(piece.body));
    }
}

Task<Result<void>> FrameSender::write_slices() {
    std::span<ByteView> rest = slices_;
    while (!rest.empty()) {
        const std::span<ByteView> some = rest.first(std::min(rest.size(), slices_per_write));
        Result<size_t> written = co_await stream_.write(some);
        if (!written)
            co_return written.error();
        size_t done = *written;
        while (!rest.empty() && done >= rest.front().size()) {
            done -= rest.front().size();
            rest = rest.subspan(1);
        }
        if (done > 0)
            rest.front() = rest.front().subspan(done);
    }
    co_return Result<void>();
}

void FrameSender::finish(Batch& batch) {
    const uint64_t charge = std::exchange(batch.charge, 0);
    batch.bytes = 0;
    batch.pieces.clear();
    batch.text.clear();
    if (batch.text.capacity() > kept_text_max)
        batch.text.shrink_to_fit();
    sent_(charge);
}

void FrameSender::close() {
    if (closed_)
        return;
    closed_ = true;
    finish(filling_);
    changed_.notify_all();
}

}  // namespace cairn::rpc
