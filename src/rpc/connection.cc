#include "rpc/connection.h"

#include <fmt/core.h>

#include "rpc/flow.h"
#include "rpc/stream_deadline.h"

namespace cairn::rpc {

Task<Result<std::unique_ptr<Connection>>> Connection::connect(Runtime& runtime, Address to,
                                                              ConnectOptions options) {
    const Instant deadline = runtime.loop.now() + options.timeout;
    const std::string context = fmt::format("connecting to {}", to_string(to));
    Result<std::unique_ptr<Stream>> stream = runtime.network.connect_nearby(to);
    if (!stream)
        stream = co_await runtime.network.connect(to, options.timeout);
    if (!stream)
        co_return stream.error().with_context(context);
    ClientHello hello;
    hello.versions = options.versions;
    hello.features = features_known;
    hello.cluster = options.cluster;
    hello.identity = options.identity;
    hello.session = options.session;
    StreamDeadline limit(runtime.loop, **stream, deadline - runtime.loop.now());
    Result<Agreement> agreement =
        co_await shake_hands(**stream, runtime.random, hello, options.credentials);
    limit.stop();
    if (!agreement) {
        (*stream)->close();
        if (limit.expired()) {
            const Error late(Code::timed_out, "it did not finish the handshake in time");
            co_return late.with_context(context);
        }
        co_return agreement.error().with_context(context);
    }
    std::unique_ptr<Connection> connection(
        new Connection(runtime, std::move(to), std::move(*stream), std::move(*agreement), options));
    connection->scope_.spawn(connection->receive());
    connection->scope_.spawn(connection->send());
    connection->scope_.spawn(connection->beat());
    co_return connection;
}

Connection::Connection(Runtime& runtime, Address address, std::unique_ptr<Stream> stream,
                       Agreement agreement, const ConnectOptions& options)
    : runtime_(runtime),
      address_(std::move(address)),
      stream_(std::move(stream)),
      agreement_(std::move(agreement)),
      notifications_(options.notifications),
      reader_(agreement_.version),
      sender_(runtime.loop, *stream_, agreement_.version, [](uint64_t) {}),
      pulse_(runtime.loop, sender_, options.pulse),
      window_(options.in_flight_bytes_max),
      lost_(runtime.loop),
      scope_(runtime.loop) {}

Connection::~Connection() {
    CHECK_NOTE(closed_ || runtime_.loop.abandoned(), "a connection was not closed");
}

Task<Result<Reply>> Connection::call(Method method, Bytes body, Payload payload,
                                     CallOptions options) {
    if (body.size() > frame_body_max || payload.size() > frame_payload_max) {
        co_return Error(Code::too_large, fmt::format("a request of {} bytes and {} bytes of data",
                                                     body.size(), payload.size()));
    }
    Loop& loop = runtime_.loop;
    const Instant deadline = loop.now() + options.timeout;
    const uint64_t charge = charge_of(body.size(), payload.size(), options.expected_reply);

    // 1. Room in flight.
    if (!window_.try_acquire(charge)) {
        Window::Claim claim(loop);
        const Code code = co_await window_.acquire(charge, deadline, claim);
        if (code != Code::ok)
            co_return not_sent(code);
        if (lost()) {
            window_.release(charge);
            co_return not_sent(Code::cancelled);
        }
    }

    // 2. The request goes, and its response comes, or time or the connection ends.
    PendingCall pending(loop);
    FrameHeader header;
    header.kind = FrameKind::request;
    header.method = method;
    header.request = calls_.add(pending, charge);
    header.expected_reply = options.expected_reply;
    header.deadline_ms = deadline_ms_of(deadline - loop.now());
    sender_.push(header, std::move(body), std::move(payload));
    const bool settled = co_await pending.settled.wait_until(deadline);
    if (!settled) {
        calls_.give_up(header.request);
        co_return Error(Code::timed_out,
                        fmt::format("no answer from {} within {} ms", to_string(address_),
                                    options.timeout.milliseconds()));
    }
    if (!pending.response)
        co_return outcome_of_loss();
    Frame& response = *pending.response;
    if (response.header.status != Code::ok)
        co_return error_of_response(response.header.status, response.body, options.error_detail);
    co_return Reply{std::move(response.body), std::move(response.payload)};
}

Error Connection::not_sent(Code window_code) const {
    if (window_code == Code::timed_out) {
        return {Code::overloaded,
                fmt::format("too much is in flight to {}; nothing was sent", to_string(address_))};
    }
    return {Code::unavailable, fmt::format("not connected to {} any more: {}", to_string(address_),
                                           reason_->message())};
}

Error Connection::outcome_of_loss() const {
    return {Code::connection_lost, fmt::format("the connection to {} was lost: {}",
                                               to_string(address_), reason_->message())};
}

Task<void> Connection::close() {
    CHECK_NOTE(!closed_, "a connection is closed once");
    closed_ = true;
    lose(Error(Code::cancelled, "closed by this program"));
    co_await scope_.join();
}

void Connection::lose(Error reason) {
    if (lost())
        return;
    reason_ = std::move(reason);
    lost_.set();
    stream_->close();
    sender_.close();
    window_.close();
    calls_.settle_all();
}

Task<void> Connection::receive() {
    while (!lost()) {
        Result<std::optional<Frame>> next = reader_.next();
        if (!next) {
            runtime_.log.write(Severity::warning, "rpc",
                               fmt::format("{} sent what we do not take: {}", to_string(address_),
                                           next.error().message()));
            lose(next.error());
            co_return;
        }
        if (*next) {
            const Result<void> taken = take(std::move(**next));
            if (!taken)
                lose(taken.error());
            continue;
        }
        Result<size_t> count = co_await stream_->read(reader_.space());
        if (lost())
            co_return;
        if (!count || *count == 0) {
            lose(count ? Error(Code::connection_lost, "the peer closed it") : count.error());
            co_return;
        }
        pulse_.heard();
        reader_.received(*count);
    }
}

Task<void> Connection::send() {
    Result<void> sent = co_await sender_.run();
    if (!sent)
        lose(sent.error());
}

Task<void> Connection::beat() {
    const bool stopped = co_await pulse_.run(lost_);
    if (!stopped)
        lose(Error(Code::connection_lost, "the peer has fallen silent"));
}

Result<void> Connection::take(Frame frame) {
    switch (frame.header.kind) {
        case FrameKind::ping: return {};
        case FrameKind::response: return take_response(std::move(frame));
        case FrameKind::notification:
            if (notifications_ != nullptr)
                notifications_->notified(frame.header.method, std::move(frame.body));
            return {};
        case FrameKind::request: break;
    }
    return Error(Code::corrupt, "a server that sends requests");
}

Result<void> Connection::take_response(Frame frame) {
    const std::optional<CallTable::Taken> taken = calls_.take(frame.header.request);
    if (!taken)
        return Error(Code::corrupt, "an answer to something that was not asked");
    window_.release(taken->charge);
    if (taken->call != nullptr) {
        taken->call->response = std::move(frame);
        taken->call->settled.set();
    }
    return {};
}

}  // namespace cairn::rpc
