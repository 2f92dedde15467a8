// Server: accepts connections on any number of addresses, shakes hands, and runs a Session for each
// client that proved itself. A service constructs it, listens, and stops it (which joins
// everything) before it is destroyed. It bounds handshakes, sessions and bytes in flight, and lets
// nobody in who does not know the cluster's key.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "rpc/session.h"

namespace cairn::rpc {

// Switches that the simulator sets to false to show that each rule is needed. On in every program.
struct Rules {
    // A new session of an identity begins when the older ones have ended and are drained: else a
    // request of the broken connection can take effect after one that was sent later.
    bool drain_old_sessions = true;
};

struct ServerOptions {
    Rules rules;
    SessionLimits session;
    PulseOptions pulse;
    uint64_t in_flight_bytes_max = 256 * mib;  // of all sessions together
    size_t sessions_max = 4096;
    size_t handshakes_max = 128;  // the oldest gives way: honest ones take milliseconds
    Duration handshake_timeout = seconds(5);
    Duration drain_timeout = seconds(30);  // after which the client must try again
    Duration refusal_delay = seconds(1);   // before a wrong key is answered
    // So that the service can log its event. Called from a handshake's task; must not wait.
    std::function<void(const Address&)> on_authentication_failure;
};

class Server {
  public:
    // `runtime` and `handler` outlive the server.
    Server(Runtime& runtime, ServerIdentity identity, Handler& handler, ServerOptions options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Where it listens now: the port is the chosen one where 0 was asked for. Programs of this host
    // may come there by the short way too (Network::connect_nearby).
    Result<Address> listen(const Address& at);

    // Takes no more connections and requests, gives those that run until `grace` to be answered,
    // then ends what is left and joins. Handlers are never cut off: they end by themselves, early
    // if they watch their session. Call it exactly once.
    Task<void> stop(Duration grace);

    // Open sessions, in the order of their opening. Valid until the next co_await.
    [[nodiscard]] std::vector<Session*> sessions() const;
    [[nodiscard]] uint64_t in_flight_bytes() const { return window_.in_use(); }
    [[nodiscard]] size_t handshakes() const { return openings_.size(); }

  private:
    class Opening;
    struct Entry {
        Session* session;
        bool open;  // false: still waits for older sessions to drain
    };
    bool listen_nearby(const Address& at);
    Task<void> keep_trying_nearby(Address at);
    Task<void> accept(Listener& listener);
    Task<void> serve(std::unique_ptr<Stream> stream);
    Task<Result<Greeted>> let_in(Opening& opening);
    Task<void> turn_away(Opening& opening, Code status);
    Task<void> serve_session(Stream& stream, Opening& opening, Greeted greeted);
    Task<Result<void>> take_over(Session& fresh);
    void remove(Session& session);

    Runtime& runtime_;
    ServerIdentity identity_;
    Handler& handler_;
    ServerOptions options_;
    Window window_;
    Event stopping_;
    Condition sessions_changed_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::list<Opening*> openings_;  // in the order of their arrival
    std::vector<Entry> sessions_;
    bool stopped_ = false;
    Scope scope_;
};

}  // namespace cairn::rpc
