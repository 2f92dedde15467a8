#include "front/nbd/server.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/check.h"

namespace cairn::nbd {

namespace {

// A server that is out of descriptors or memory for the moment is no reason to spin.
constexpr Duration accept_retry = milliseconds(100);

bool have_own_names(const std::vector<Export>& exports) {
    for (size_t i = 0; i < exports.size(); i++) {
        for (size_t j = 0; j < i; j++) {
            if (exports[i].name == exports[j].name)
                return false;
        }
    }
    return true;
}

}  // namespace

Server::Server(Runtime& runtime, std::vector<Export> exports, ServerLimits limits)
    : runtime_(runtime), exports_(std::move(exports)), limits_(limits) {
    CHECK(!exports_.empty() && have_own_names(exports_));
}

Task<Result<void>> Server::serve(Listener& listener, Event& stop) {
    Scope clients(runtime_.loop);
    Scope helpers(runtime_.loop);
    helpers.spawn(close_when_stopped(listener, stop));
    Result<void> accepted = co_await accept_clients(listener, stop, clients);
    stop.set();
    co_await helpers.join();
    co_await clients.join();
    CO_TRY(co_await flush_all());
    co_return accepted;
}

Task<void> Server::close_when_stopped(Listener& listener, Event& stop) {
    co_await stop.wait();
    listener.close();
    for (const auto& [number, connection] : connections_)
        connection->stop();
}

Task<Result<void>> Server::accept_clients(Listener& listener, Event& stop, Scope& clients) {
    Code told = Code::ok;
    while (!stop.is_set()) {
        Result<std::unique_ptr<Stream>> stream = co_await listener.accept();
        if (stream) {
            clients.spawn(serve_client(std::move(stream).value(), stop));
            told = Code::ok;
        } else if (stream.code() == Code::cancelled) {
            if (!stop.is_set())
                co_return stream.error();
        } else {
            if (told != stream.code()) {  // once, not ten times a second
                runtime_.log.write(Severity::warning, "nbd",
                                   "cannot take a client: " + stream.error().message());
            }
            told = stream.code();
            co_await stop.wait_until(runtime_.loop.now() + accept_retry);
        }
    }
    co_return Result<void>();
}

Task<void> Server::serve_client(std::unique_ptr<Stream> stream, Event& stop) {
    if (stop.is_set()) {  // too late to be told with the others
        stream->close();
        co_return;
    }
    if (connections_.size() >= limits_.connections_max) {
        runtime_.log.write(
            Severity::warning, "nbd",
            fmt::format("hung up on a client: {} others are connected", connections_.size()));
        stream->close();
        co_return;
    }
    const uint64_t number = next_number_++;
    Connection connection(runtime_, exports_, limits_.connection, std::move(stream), number);
    connections_.emplace(number, &connection);
    co_await connection.run();
    connections_.erase(number);
}

Task<Result<void>> Server::flush_all() {
    Result<void> result;
    for (const Export& exported : exports_) {
        if (exported.read_only || exported.device->limits().read_only)
            continue;
        Result<void> flushed = co_await exported.device->flush();
        if (!flushed && result)
            result = flushed.error().with_context("flushing export '" + exported.name + "'");
    }
    co_return result;
}

}  // namespace cairn::nbd
