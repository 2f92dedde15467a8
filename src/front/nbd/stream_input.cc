#include "front/nbd/stream_input.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace cairn::nbd {

void StreamInput::consume(size_t count) {
    CHECK(count <= end_ - begin_);
    begin_ += count;
    if (begin_ == end_)
        begin_ = end_ = 0;
}

Task<Result<void>> StreamInput::need(size_t count) {
    CHECK(count <= buffer_.size());
    if (buffer_.size() - begin_ < count) {
        std::byte* start = buffer_.mutable_view().data();
        std::memmove(start, start + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    while (end_ - begin_ < count) {
        Result<size_t> got = co_await stream_.read(buffer_.mutable_view().subspan(end_));
        if (!got)
            co_return got.error();
        if (*got == 0)
            co_return Error(Code::connection_lost, "the client closed the connection");
        end_ += *got;
    }
    co_return Result<void>();
}

Task<Result<void>> StreamInput::read(MutableByteView into) {
    const size_t here = std::min(into.size(), end_ - begin_);
    if (here != 0)
        std::memcpy(into.data(), available().data(), here);
    consume(here);
    if (here == into.size())
        co_return Result<void>();
    co_return co_await read_exact(stream_, into.subspan(here));
}

Task<Result<void>> StreamInput::skip(uint64_t count) {
    while (count != 0) {
        if (begin_ == end_)
            CO_TRY(co_await need(1));
        const auto here = static_cast<size_t>(std::min<uint64_t>(count, end_ - begin_));
        consume(here);
        count -= here;
    }
    co_return Result<void>();
}

}  // namespace cairn::nbd
