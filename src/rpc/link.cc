#include "rpc/link.h"

#include <algorithm>
#include <fmt/core.h>
#include <vector>

namespace cairn::rpc {

namespace {
constexpr Duration first_pause = milliseconds(20);
constexpr Duration longest_pause = milliseconds(500);
}  // namespace

Task<Result<std::shared_ptr<Connection>>> Link::connection() {
    const Mutex::Guard guard = co_await connecting_.lock();
    if (closed_)
        co_return Error(Code::cancelled, "this program is stopping");
    if (current_ && !current_->lost())
        co_return current_;
    if (current_) {
        const std::shared_ptr<Connection> old = std::move(current_);
        co_await old->close();
    }
    if (last_failure_ && runtime_.loop.now() < retry_at_)
        co_return *last_failure_;
    ConnectOptions options;
    options.cluster = identity_.cluster;
    options.identity = identity_.identity;
    options.credentials = identity_.credentials;
    options.session = ++identity_.sessions;
    options.timeout = seconds(3);
    auto made = co_await Connection::connect(runtime_, address_, std::move(options));
    if (!made) {
        pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
        retry_at_ = runtime_.loop.now() + pause_;
        // Whatever it was, nothing of the call has been sent.
        const bool refused = made.code() == Code::authentication_failed ||
                             made.code() == Code::wrong_cluster ||
                             made.code() == Code::version_mismatch;
        last_failure_ = refused ? made.error() : Error(Code::unavailable, made.error().message());
        co_return *last_failure_;
    }
    std::shared_ptr<Connection> fresh = std::move(*made);
    if (closed_) {
        co_await fresh->close();
        co_return Error(Code::cancelled, "this program is stopping");
    }
    pause_ = Duration{0};
    last_failure_.reset();
    current_ = fresh;
    co_return fresh;
}

Task<Result<Reply>> Link::call(Method method, Bytes body, Payload payload, CallOptions options) {
    const Instant began = runtime_.loop.now();
    in_flight_++;
    Result<std::shared_ptr<Connection>> made = co_await connection();
    Result<Reply> reply =
        made ? Result<Reply>(Error(Code::timed_out, "")) : Result<Reply>(made.error());
    const Duration spent = runtime_.loop.now() - began;
    if (made && spent >= options.timeout) {
        reply = Error(Code::timed_out, fmt::format("connecting to {} took {} ms",
                                                   to_string(address_), spent.milliseconds()));
    } else if (made) {
        options.timeout = options.timeout - spent;
        reply = co_await (*made)->call(method, std::move(body), std::move(payload), options);
    }
    in_flight_--;
    co_return reply;
}

Task<void> Link::close() {
    closed_ = true;
    const Mutex::Guard guard = co_await connecting_.lock();
    if (!current_)
        co_return;
    const std::shared_ptr<Connection> old = std::move(current_);
    co_await old->close();
}

Link& Links::to(const Address& address) {
    std::unique_ptr<Link>& link = links_[address];
    if (!link)
        link = std::make_unique<Link>(runtime_, address, identity_, closed_);
    return *link;
}

Task<void> Links::close() {
    closed_ = true;
    std::vector<Link*> all;
    all.reserve(links_.size());
    for (const auto& [address, link] : links_)
        all.push_back(link.get());
    for (Link* link : all)
        co_await link->close();
}

}  // namespace cairn::rpc
