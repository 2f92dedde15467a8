#include "front/nbd/connection.h"

#include <fmt/core.h>

#include "base/size.h"
#include "front/nbd/handshake.h"
#include "front/nbd/transmission.h"

namespace cairn::nbd {

namespace {

constexpr size_t input_capacity = 256 * kib;

// A Unix socket's client has no name of its own.
std::string peer_of(const Stream& stream) {
    return stream.peer().is_none() ? "a local program" : to_string(stream.peer());
}

// What is no news: the client went away.
bool is_departure(Code code) {
    return code == Code::cancelled || code == Code::connection_lost;
}

}  // namespace

Connection::Connection(Runtime& runtime, std::span<const Export> exports, ConnectionLimits limits,
                       std::unique_ptr<Stream> stream, uint64_t number)
    : runtime_(runtime),
      exports_(exports),
      limits_(limits),
      stream_(std::move(stream)),
      number_(number),
      input_(*stream_, input_capacity),
      helpers_(runtime.loop),
      handshake_over_(runtime.loop) {}

void Connection::log(Severity severity, const std::string& text) {
    runtime_.log.write(severity, "nbd", fmt::format("client {}: {}", number_, text));
}

Task<void> Connection::run() {
    log(Severity::debug, "connected from " + peer_of(*stream_));
    helpers_.spawn(limit_handshake());
    co_await serve();
    handshake_over_.set();
    co_await helpers_.join();
    stream_->close();
    log(Severity::debug, "gone");
}

void Connection::stop() {
    stopping_ = true;
    if (transmission_ != nullptr)
        transmission_->stop(runtime_.loop.now() + limits_.stop_grace);
    else
        stream_->close();
}

Task<void> Connection::limit_handshake() {
    const bool over =
        co_await handshake_over_.wait_until(runtime_.loop.now() + limits_.handshake_timeout);
    if (!over)
        stream_->close();
}

Task<void> Connection::serve() {
    Result<Agreement> agreement = co_await shake_hands(*stream_, input_, exports_);
    handshake_over_.set();
    if (!agreement) {
        const bool departed = is_departure(agreement.code());
        log(departed ? Severity::debug : Severity::warning,
            "no agreement: " + agreement.error().message());
        co_return;
    }
    if (!stopping_)
        co_await transmit(*agreement);
}

Task<void> Connection::transmit(Agreement agreement) {
    const Export& exported = exports_[agreement.export_index];
    log(Severity::debug, "uses export '" + exported.name + "'");
    Transmission transmission(runtime_.loop, *stream_, input_, *exported.device,
                              {.read_only = exported.read_only,
                               .structured_replies = agreement.structured_replies,
                               .block_status = agreement.block_status,
                               .in_flight_bytes_max = limits_.in_flight_bytes_max});
    transmission_ = &transmission;
    Result<void> ended = co_await transmission.run();
    transmission_ = nullptr;
    if (!ended)
        log(Severity::warning, "hung up on: " + ended.error().message());
}

}  // namespace cairn::nbd
