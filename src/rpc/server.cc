#include "rpc/server.h"

#include <algorithm>
#include <fmt/core.h>

#include "rpc/stream_deadline.h"

namespace cairn::rpc {

namespace {

constexpr Duration accept_retry = milliseconds(100);
constexpr Duration nearby_retry = seconds(1);
constexpr Duration hang_up_timeout = seconds(1);

}  // namespace

// A connection that has not proved itself yet. Dropping it ends all its waits.
class Server::Opening {
  public:
    Opening(Server& server, Stream& stream)
        : server_(server),
          stream_(stream),
          deadline_(server.runtime_.loop, stream, server.options_.handshake_timeout),
          dropped_(server.runtime_.loop) {
        server_.openings_.push_back(this);
        if (server_.openings_.size() > server_.options_.handshakes_max)
            server_.openings_.front()->drop();
    }
    ~Opening() { leave(); }
    Opening(const Opening&) = delete;
    Opening& operator=(const Opening&) = delete;

    void drop() {
        leave();
        dropped_.set();
        stream_.close();
    }
    void leave() { server_.openings_.remove(this); }
    [[nodiscard]] Stream& stream() { return stream_; }
    [[nodiscard]] StreamDeadline& deadline() { return deadline_; }
    [[nodiscard]] Event& dropped() { return dropped_; }

  private:
    Server& server_;
    Stream& stream_;
    StreamDeadline deadline_;
    Event dropped_;
};

Server::Server(Runtime& runtime, ServerIdentity identity, Handler& handler, ServerOptions options)
    : runtime_(runtime),
      identity_(std::move(identity)),
      handler_(handler),
      options_(std::move(options)),
      window_(options_.in_flight_bytes_max),
      stopping_(runtime.loop),
      sessions_changed_(runtime.loop),
      scope_(runtime.loop) {}

Server::~Server() {
    CHECK_NOTE(stopped_ || runtime_.loop.abandoned(), "a server was not stopped");
}

Result<Address> Server::listen(const Address& at) {
    Result<std::unique_ptr<Listener>> listener = runtime_.network.listen(at);
    if (!listener)
        return listener.error();
    const Address address = (*listener)->address();
    listeners_.push_back(std::move(*listener));
    scope_.spawn(accept(*listeners_.back()));
    if (!address.is_unix() && !listen_nearby(address))
        scope_.spawn(keep_trying_nearby(address));
    return address;
}

// False where it may be possible later.
bool Server::listen_nearby(const Address& at) {
    Result<std::unique_ptr<Listener>> listener = runtime_.network.listen_nearby(at);
    if (!listener)
        return listener.code() != Code::busy;
    listeners_.push_back(std::move(*listener));
    scope_.spawn(accept(*listeners_.back()));
    return true;
}

// A program that was killed here leaves its TCP port at once, and its other sockets a little later.
// Meanwhile, or where it is another user who took the name, there is TCP.
Task<void> Server::keep_trying_nearby(Address at) {
    bool stopping = false;
    do {
        stopping = co_await stopping_.wait_until(runtime_.loop.now() + nearby_retry);
    } while (!stopping && !listen_nearby(at));
}

Task<void> Server::stop(Duration grace) {
    CHECK_NOTE(!stopped_, "a server is stopped once");
    stopped_ = true;
    stopping_.set();
    for (const auto& listener : listeners_)
        listener->close();
    while (!openings_.empty())
        openings_.front()->drop();
    const Instant deadline = runtime_.loop.now() + grace;
    for (const Entry& entry : sessions_) {
        if (entry.open)
            entry.session->retire(deadline);
        else
            entry.session->end(Error(Code::cancelled, "the server stops"));
    }
    sessions_changed_.notify_all();
    co_await scope_.join();
}

std::vector<Session*> Server::sessions() const {
    std::vector<Session*> open;
    for (const Entry& entry : sessions_) {
        if (entry.open && !entry.session->ended())
            open.push_back(entry.session);
    }
    return open;
}

Task<void> Server::accept(Listener& listener) {
    while (!stopping_.is_set()) {
        Result<std::unique_ptr<Stream>> stream = co_await listener.accept();
        if (stopping_.is_set())
            co_return;
        if (stream) {
            scope_.spawn(serve(std::move(*stream)));
            continue;
        }
        runtime_.log.write(Severity::warning, "rpc",
                           fmt::format("accepting on {}: {}", to_string(listener.address()),
                                       stream.error().message()));
        co_await stopping_.wait_until(runtime_.loop.now() + accept_retry);
    }
}

Task<void> Server::serve(std::unique_ptr<Stream> stream) {
    if (stopping_.is_set())
        co_return;
    Opening opening(*this, *stream);
    Result<Greeted> greeted = co_await let_in(opening);
    if (greeted)
        co_await serve_session(*stream, opening, std::move(*greeted));
    stream->close();
}

Task<Result<Greeted>> Server::let_in(Opening& opening) {
    Result<Greeted> greeted = co_await greet(opening.stream(), runtime_.random, identity_);
    if (greeted)
        co_return greeted;
    runtime_.log.write(Severity::debug, "rpc",
                       fmt::format("{} is not let in: {}", to_string(opening.stream().peer()),
                                   greeted.error().message()));
    switch (greeted.code()) {
        case Code::authentication_failed:
            if (options_.on_authentication_failure)
                options_.on_authentication_failure(opening.stream().peer());
            co_await turn_away(opening, Code::authentication_failed);
            break;
        case Code::wrong_cluster:
        case Code::version_mismatch:
            // The hello has told it; it must be able to read that.
            opening.deadline().restart(hang_up_timeout);
            co_await await_hang_up(opening.stream());
            break;
        default: break;  // not a Cairn program, or gone
    }
    co_return greeted;
}

Task<void> Server::turn_away(Opening& opening, Code status) {
    if (status == Code::authentication_failed) {
        opening.deadline().stop();
        const Instant until = runtime_.loop.now() + options_.refusal_delay;
        co_await opening.dropped().wait_until(until);
    }
    opening.deadline().restart(hang_up_timeout);
    Result<void> sent = co_await send_proof(opening.stream(), {status, {}});
    if (sent)
        co_await await_hang_up(opening.stream());
}

Task<void> Server::serve_session(Stream& stream, Opening& opening, Greeted greeted) {
    opening.deadline().stop();
    opening.leave();
    if (stopping_.is_set() || opening.dropped().is_set())
        co_return;
    const Session::Surroundings surroundings{runtime_, handler_, window_, options_.session,
                                             options_.pulse};
    const auto session = std::make_unique<Session>(surroundings, stream,
                                                   std::move(greeted.agreement), greeted.session);
    sessions_.push_back({session.get(), false});
    Result<void> ready = co_await take_over(*session);
    if (ready && !session->ended()) {
        opening.deadline().restart(options_.handshake_timeout);
        ready = co_await send_proof(stream, {Code::ok, greeted.server_proof});
        opening.deadline().stop();
        if (ready && !session->ended() && !stopping_.is_set()) {
            std::ranges::find(sessions_, session.get(), &Entry::session)->open = true;
            co_await session->run();
        }
    } else if (!session->ended()) {
        co_await turn_away(opening, ready.code());
    }
    remove(*session);
}

Task<Result<void>> Server::take_over(Session& fresh) {
    if (sessions_.size() > options_.sessions_max)
        co_return Error(Code::overloaded, "too many sessions");
    if (!options_.rules.drain_old_sessions || fresh.peer().instance == 0)
        co_return Result<void>();
    const Instant deadline = runtime_.loop.now() + options_.drain_timeout;
    while (true) {
        bool drained = true;
        for (const Entry& entry : sessions_) {
            Session& other = *entry.session;
            if (&other == &fresh || other.peer() != fresh.peer())
                continue;
            if (other.number() >= fresh.number())
                co_return Error(Code::busy, "a later session is open");
            other.end(Error(Code::connection_lost, "the peer opened a later session"));
            drained = false;
        }
        if (drained)
            co_return Result<void>();
        const bool changed = co_await sessions_changed_.wait_until(deadline);
        if (fresh.ended())
            co_return fresh.reason();
        if (!changed)
            co_return Error(Code::timed_out, "an earlier session is not drained yet");
    }
}

void Server::remove(Session& session) {
    std::erase_if(sessions_, [&session](const Entry& entry) { return entry.session == &session; });
    sessions_changed_.notify_all();
}

}  // namespace cairn::rpc
