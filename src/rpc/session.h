// Session: the server's end of one connection, from the client's proof until the last of its
// requests has ended. It dispatches requests to the service's Handler, bounds what is in flight by
// not reading on, and is owned by the Server's task that runs it. A service may keep a pointer
// between session_opened() and session_ended().
#pragma once

#include <memory>
#include <optional>

#include "rpc/frame_sender.h"
#include "rpc/handshake.h"
#include "rpc/message.h"
#include "rpc/pulse.h"
#include "rpc/window.h"
#include "runtime/runtime.h"
#include "wire/frame_reader.h"

namespace cairn::rpc {

class Session;

// The service behind a server. Requests of one session run beside each other, in no order.
class Handler {
  public:
    virtual ~Handler() = default;
    virtual Task<Response> handle(Session& session, Request request) = 0;
    virtual void session_opened(Session&) {}
    // The connection is gone and none of the session's requests runs any more.
    virtual void session_ended(Session&) {}
};

struct SessionLimits {
    // Of requests from their reading until their responses have left, with the replies they expect.
    uint64_t in_flight_bytes_max = 32 * mib;
    // A peer that does not take what it is sent loses its session rather than our memory.
    uint64_t send_queue_bytes_max = 64 * mib;
};

class Session {
  public:
    // What a session uses of its server; all of it outlives the session.
    struct Surroundings {
        Runtime& runtime;
        Handler& handler;
        Window& server_window;
        SessionLimits limits;
        PulseOptions pulse;
    };

    Session(Surroundings surroundings, Stream& stream, Agreement agreement, uint64_t number);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    [[nodiscard]] const PeerIdentity& peer() const { return agreement_.peer; }
    [[nodiscard]] const Agreement& agreement() const { return agreement_; }
    [[nodiscard]] uint64_t number() const { return number_; }
    [[nodiscard]] const Address& address() const { return stream_.peer(); }

    // Says something unasked. Fails with connection_lost once the session has ended; whether the
    // peer heard it is never known.
    Result<void> notify(Method method, Bytes body);

    // Ends the connection at once. Requests that run go on to their end, unanswered.
    void end(Error reason);
    [[nodiscard]] bool ended() const { return ended_.is_set(); }
    // For handlers that wait long: set when nobody waits for the answer any more.
    [[nodiscard]] Event& ended_event() { return ended_; }
    [[nodiscard]] const Error& reason() const { return *reason_; }

    // For the Server: serves until the session has ended and is drained.
    Task<void> run();
    // For the Server: refuses new requests, and ends when those that run are answered, or at
    // `deadline`.
    void retire(Instant deadline) { retirement_.spawn(end_when_quiet(deadline)); }

    [[nodiscard]] size_t requests_running() const { return handlers_.running(); }

  private:
    Task<void> receive();
    Task<void> send();
    Task<void> beat();
    Task<void> end_when_quiet(Instant deadline);
    Task<void> take_request(Frame frame);
    Task<Code> admit(uint64_t charge);
    Task<void> answer(Frame frame, Instant deadline, uint64_t charge);
    void respond(uint64_t request, Response response, uint64_t charge);
    void release(uint64_t charge);
    [[nodiscard]] bool quiet() const;
    [[nodiscard]] Loop& loop() const { return surroundings_.runtime.loop; }

    Surroundings surroundings_;
    Stream& stream_;
    Agreement agreement_;
    uint64_t number_;
    FrameReader reader_;
    FrameSender sender_;
    Pulse pulse_;
    Window window_;
    Window::Claim claim_;         // the reader's, in window_
    Window::Claim server_claim_;  // the reader's, in the server's window
    Event ended_;
    Condition quiet_;
    std::optional<Error> reason_;
    bool retiring_ = false;
    Scope service_;   // reader, writer and pulse
    Scope handlers_;  // one task a request
    Scope retirement_;
};

}  // namespace cairn::rpc
