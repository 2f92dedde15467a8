#include "rpc/session.h"

#include <fmt/core.h>

#include "rpc/flow.h"

namespace cairn::rpc {

Session::Session(Surroundings surroundings, Stream& stream, Agreement agreement, uint64_t number)
    : surroundings_(surroundings),
      stream_(stream),
      agreement_(std::move(agreement)),
      number_(number),
      reader_(agreement_.version),
      sender_(loop(), stream, agreement_.version, [this](uint64_t charge) { release(charge); }),
      pulse_(loop(), sender_, surroundings_.pulse),
      window_(surroundings_.limits.in_flight_bytes_max),
      claim_(loop()),
      server_claim_(loop()),
      ended_(loop()),
      quiet_(loop()),
      service_(loop()),
      handlers_(loop()),
      retirement_(loop()) {}

Session::~Session() {
    CHECK_NOTE(window_.in_use() == 0 || loop().abandoned(), "a session ended with requests open");
}

Result<void> Session::notify(Method method, Bytes body) {
    if (ended())
        return Error(Code::connection_lost, fmt::format("{} has gone", to_string(peer())));
    if (body.size() > frame_body_max)
        return Error(Code::too_large, fmt::format("a notification of {} bytes", body.size()));
    FrameHeader header;
    header.kind = FrameKind::notification;
    header.method = method;
    sender_.push(header, std::move(body), {});
    if (sender_.queued_bytes() > surroundings_.limits.send_queue_bytes_max) {
        end(Error(Code::overloaded, "it does not take what it is sent"));
        return Error(Code::connection_lost,
                     fmt::format("{} does not take what it is sent", to_string(peer())));
    }
    return {};
}

void Session::end(Error reason) {
    if (ended())
        return;
    surroundings_.runtime.log.write(
        Severity::debug, "rpc",
        fmt::format("session {} of {} at {} ends: {}", number_, to_string(peer()),
                    to_string(address()), reason.message()));
    reason_ = std::move(reason);
    ended_.set();
    stream_.close();
    sender_.close();
    window_.close();
    surroundings_.server_window.cancel(server_claim_);
    quiet_.notify_all();
}

Task<void> Session::run() {
    surroundings_.handler.session_opened(*this);
    service_.spawn(receive());
    service_.spawn(send());
    service_.spawn(beat());
    // The reader ends when the session does, and only it starts handlers.
    co_await service_.join();
    co_await handlers_.join();
    co_await retirement_.join();
    surroundings_.handler.session_ended(*this);
}

Task<void> Session::end_when_quiet(Instant deadline) {
    retiring_ = true;
    while (!ended() && !quiet() && loop().now() < deadline)
        co_await quiet_.wait_until(deadline);
    end(Error(Code::cancelled, "the server stops"));
}

bool Session::quiet() const {
    return handlers_.running() == 0 && window_.in_use() == 0 && sender_.queued_bytes() == 0;
}

Task<void> Session::receive() {
    while (!ended()) {
        Result<std::optional<Frame>> next = reader_.next();
        if (!next) {
            surroundings_.runtime.log.write(
                Severity::warning, "rpc",
                fmt::format("{} at {} sent what we do not take: {}", to_string(peer()),
                            to_string(address()), next.error().message()));
            end(next.error());
            co_return;
        }
        if (*next) {
            const FrameKind kind = (*next)->header.kind;
            if (kind == FrameKind::request)
                co_await take_request(std::move(**next));
            else if (kind != FrameKind::ping)
                end(Error(Code::corrupt, "a client that sends what only servers send"));
            continue;
        }
        Result<size_t> count = co_await stream_.read(reader_.space());
        if (ended())
            co_return;
        if (!count || *count == 0) {
            end(count ? Error(Code::connection_lost, "the peer closed it") : count.error());
            co_return;
        }
        pulse_.heard();
        reader_.received(*count);
    }
}

Task<void> Session::send() {
    Result<void> sent = co_await sender_.run();
    if (!sent)
        end(sent.error());
}

Task<void> Session::beat() {
    const bool stopped = co_await pulse_.run(ended_);
    if (!stopped)
        end(Error(Code::connection_lost, "the peer has fallen silent"));
}

// The reader does not read on while a request waits for room: that is the flow control.
Task<void> Session::take_request(Frame frame) {
    const FrameHeader& header = frame.header;
    Instant deadline = Instant::never();
    if (header.deadline_ms != 0)
        deadline = loop().now() + milliseconds(header.deadline_ms);
    const uint64_t charge =
        charge_of(header.body_length, header.payload_length, header.expected_reply);
    const Code admitted = co_await admit(charge);
    if (admitted != Code::ok)
        co_return;
    if (retiring_)
        respond(header.request, Response::failure({Code::unavailable, "this server stops"}),
                charge);
    else
        handlers_.spawn(answer(std::move(frame), deadline, charge));
}

// ok, or the session has ended and nothing is held.
Task<Code> Session::admit(uint64_t charge) {
    if (window_.try_acquire(charge)) {
        if (surroundings_.server_window.try_acquire(charge))
            co_return Code::ok;
    } else {
        pulse_.set_deaf(true);
        const Code own = co_await window_.acquire(charge, Instant::never(), claim_);
        if (own != Code::ok)
            co_return own;
    }
    pulse_.set_deaf(true);
    Code shared = Code::cancelled;
    if (!ended()) {
        shared =
            co_await surroundings_.server_window.acquire(charge, Instant::never(), server_claim_);
    }
    pulse_.set_deaf(false);
    if (shared != Code::ok) {
        window_.release(charge);
        co_return shared;
    }
    if (ended()) {
        release(charge);
        co_return Code::cancelled;
    }
    co_return Code::ok;
}

Task<void> Session::answer(Frame frame, Instant deadline, uint64_t charge) {
    const uint64_t number = frame.header.request;
    if (loop().now() >= deadline) {
        respond(number, Response::failure({Code::timed_out, "too late to begin with it"}), charge);
        co_return;
    }
    Request request{frame.header.method, std::move(frame.body), std::move(frame.payload), deadline};
    Response response = co_await surroundings_.handler.handle(*this, std::move(request));
    respond(number, std::move(response), charge);
}

void Session::respond(uint64_t request, Response response, uint64_t charge) {
    if (response.body.size() > frame_body_max || response.payload.size() > frame_payload_max)
        response = Response::failure({Code::too_large, "the answer does not fit into a frame"});
    FrameHeader header;
    header.kind = FrameKind::response;
    header.request = request;
    header.status = response.status;
    sender_.push(header, std::move(response.body), std::move(response.payload), charge);
}

void Session::release(uint64_t charge) {
    window_.release(charge);
    surroundings_.server_window.release(charge);
    quiet_.notify_all();
}

}  // namespace cairn::rpc
