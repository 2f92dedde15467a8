#include "front/nbd/transmission.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/size.h"
#include "front/nbd/negotiation.h"

namespace cairn::nbd {

namespace {

constexpr uint32_t cache_piece = 1 * mib;

}  // namespace

Transmission::Transmission(Loop& loop, Stream& stream, StreamInput& input,
                           block::BlockDevice& device, TransmissionSettings settings)
    : stream_(stream),
      input_(input),
      device_(device),
      settings_(settings),
      credits_(loop, settings.in_flight_bytes_max),
      replies_(loop, stream, credits_),
      requests_(loop),
      sender_(loop),
      helpers_(loop),
      stop_(loop),
      drained_(loop) {}

ServedExport Transmission::served() const {
    return {.size = device_.size(),
            .limits = device_.limits(),
            .read_only = settings_.read_only,
            .structured_replies = settings_.structured_replies,
            .block_status = settings_.block_status};
}

Task<Result<void>> Transmission::run() {
    sender_.spawn(replies_.send_all());
    helpers_.spawn(hang_up_when_stopped());
    Result<void> result = co_await read_requests();
    co_await requests_.join();
    replies_.finish();
    co_await sender_.join();
    ended_ = true;
    stop_.set();
    co_await helpers_.join();
    co_return result;
}

void Transmission::stop(Instant deadline) {
    stop_deadline_ = deadline;
    stop_.set();
}

Task<void> Transmission::hang_up_when_stopped() {
    co_await stop_.wait();
    if (ended_)
        co_return;
    helpers_.spawn(drain());
    co_await drained_.wait_until(stop_deadline_);
    stream_.close();
}

// All credit is free when every request has been answered and every answer sent.
Task<void> Transmission::drain() {
    co_await credits_.acquire(settings_.in_flight_bytes_max);
    credits_.release(settings_.in_flight_bytes_max);
    drained_.set();
}

Task<Result<void>> Transmission::read_requests() {
    while (true) {
        if (input_.available().size() < request_size) {
            Result<void> more = co_await input_.need(request_size);
            if (!more)  // between two requests a client may go without a word
                co_return Result<void>();
        }
        Result<Request> request = decode_request(input_.available().first(request_size));
        if (!request)
            co_return request.error();
        input_.consume(request_size);
        if (request->command == Command::disconnect)
            co_return Result<void>();
        CO_TRY(co_await take(*request));
    }
}

Task<Result<void>> Transmission::take(Request request) {
    if (is_absurd(request, served()))
        co_return Error(Code::too_large, "the client sends a payload beyond all limits");
    const uint64_t credit = std::min(cost_of(request, served()), settings_.in_flight_bytes_max);
    if (!credits_.try_acquire(credit))
        co_await credits_.acquire(credit);

    std::optional<Refusal> refusal = refuse(request, served());
    if (!refusal && stop_.is_set())
        refusal = Refusal{WireError::shutdown, "the server is stopping"};
    Buffer payload;
    if (request.command == Command::write) {
        Result<void> received;
        if (refusal) {
            received = co_await input_.skip(request.length);
        } else {
            payload = Buffer::allocate(request.length);
            received = co_await input_.read(payload.mutable_view());
        }
        if (!received) {  // gone in the middle of a write: nothing of it is done
            credits_.release(credit);
            co_return Result<void>();
        }
    }
    if (refusal)
        reply_error(request, refusal->error, refusal->reason, credit);
    else
        start(request, std::move(payload), credit);
    co_return Result<void>();
}

void Transmission::start(Request request, Buffer payload, uint64_t credit) {
    switch (request.command) {
        case Command::read: return requests_.spawn(serve_read(request, credit));
        case Command::write:
            return requests_.spawn(serve_write(request, std::move(payload), credit));
        case Command::flush: return requests_.spawn(serve_flush(request, credit));
        case Command::trim: return requests_.spawn(serve_trim(request, credit));
        case Command::cache: return requests_.spawn(serve_cache(request, credit));
        case Command::write_zeroes: return requests_.spawn(serve_write_zeroes(request, credit));
        case Command::block_status: return requests_.spawn(serve_block_status(request, credit));
        case Command::disconnect: break;
    }
    CHECK_NOTE(false, "a command passed the checks and is not served");
}

void Transmission::reply_error(const Request& request, WireError error, std::string_view reason,
                               uint64_t credit) {
    if (settings_.structured_replies)
        append_error_chunk(replies_.head(), request.cookie, error, reason);
    else
        append_simple_reply(replies_.head(), request.cookie, error);
    replies_.commit(credit);
}

void Transmission::reply(const Request& request, const Result<void>& result, uint64_t credit) {
    if (!result)
        return reply_error(request, wire_error_of(result.code()), result.error().message(), credit);
    append_simple_reply(replies_.head(), request.cookie, WireError::none);
    replies_.commit(credit);
}

void Transmission::reply_content(const Request& request, const Buffer& content, uint64_t credit) {
    Bytes& head = replies_.head();
    size_t at = 0;
    while (at < content.size()) {
        ContentRun run = first_run(content.view().subspan(at), request.offset + at);
        if ((request.flags & dont_fragment) != 0 && run.size < content.size())
            run = {content.size(), false};
        const bool last = at + run.size == content.size();
        const auto size = static_cast<uint32_t>(run.size);
        if (run.is_zero) {
            append_hole_chunk(head, request.cookie, last, request.offset + at, size);
        } else {
            append_data_chunk(head, request.cookie, last, request.offset + at, size);
            replies_.attach(content.slice(at, run.size));
        }
        at += run.size;
    }
    replies_.commit(credit);
}

Task<void> Transmission::serve_read(Request request, uint64_t credit) {
    Result<Buffer> content = co_await device_.read(request.offset, request.length);
    if (!content) {
        reply(request, content.error(), credit);
        co_return;
    }
    CHECK(content->size() == request.length);
    if (settings_.structured_replies) {
        reply_content(request, *content, credit);
        co_return;
    }
    append_simple_reply(replies_.head(), request.cookie, WireError::none);
    replies_.attach(std::move(content).value());
    replies_.commit(credit);
}

Task<void> Transmission::serve_write(Request request, Buffer payload, uint64_t credit) {
    const block::WriteFlags flags{.fua = (request.flags & fua) != 0};
    Result<void> result = co_await device_.write(request.offset, std::move(payload), flags);
    reply(request, result, credit);
}

Task<void> Transmission::serve_flush(Request request, uint64_t credit) {
    Result<void> result = co_await device_.flush();
    reply(request, result, credit);
}

Task<void> Transmission::serve_trim(Request request, uint64_t credit) {
    Result<void> result = co_await device_.trim(request.offset, request.length);
    if (result && (request.flags & fua) != 0)
        result = co_await device_.flush();
    reply(request, result, credit);
}

Task<void> Transmission::serve_write_zeroes(Request request, uint64_t credit) {
    const block::ZeroFlags flags{.fua = (request.flags & fua) != 0,
                                 .no_hole = (request.flags & no_hole) != 0,
                                 .fast_only = (request.flags & fast_zero) != 0};
    Result<void> result = co_await device_.zero(request.offset, request.length, flags);
    reply(request, result, credit);
}

// Reading brings the range into whatever caches lie below; the data themselves are not wanted. One
// piece at a time, because a cache request may be longer than the longest transfer.
Task<void> Transmission::serve_cache(Request request, uint64_t credit) {
    Result<void> result;
    uint64_t at = request.offset;
    const uint64_t end = request.offset + request.length;
    while (result && at < end && !stop_.is_set()) {
        const auto piece = static_cast<uint32_t>(std::min<uint64_t>(end - at, cache_piece));
        Result<Buffer> content = co_await device_.read(at, piece);
        if (!content)
            result = content.error();
        at += piece;
    }
    reply(request, result, credit);
}

Task<void> Transmission::serve_block_status(Request request, uint64_t credit) {
    Result<std::vector<block::Extent>> extents =
        co_await device_.extents(request.offset, request.length);
    if (!extents) {
        reply(request, extents.error(), credit);
        co_return;
    }
    CHECK(!extents->empty() && extents->size() <= block::BlockDevice::extents_max);
    const bool only_one = (request.flags & request_one) != 0;
    const std::span<const block::Extent> told(extents->data(), only_one ? 1 : extents->size());
    append_status_chunk(replies_.head(), request.cookie, allocation_context, told);
    replies_.commit(credit);
}

}  // namespace cairn::nbd
