// Connection: the client's end. Any number of calls are in flight at once, answered in any order.
// It belongs to whoever opened it, stays on one loop, and is closed (which joins its tasks) before
// it is destroyed, also when it was lost. It never reconnects and never sends a request twice: what
// a lost answer means only the caller knows.
#pragma once

#include <memory>
#include <optional>

#include "rpc/call_table.h"
#include "rpc/frame_sender.h"
#include "rpc/handshake.h"
#include "rpc/message.h"
#include "rpc/pulse.h"
#include "rpc/window.h"
#include "runtime/runtime.h"
#include "wire/frame_reader.h"

namespace cairn::rpc {

// What the server says unasked. Called from the reader: it must not wait, and must not destroy or
// close the connection.
class NotificationHandler {
  public:
    virtual ~NotificationHandler() = default;
    virtual void notified(Method method, Buffer body) = 0;
};

struct ConnectOptions {
    ClusterIdentity cluster;  // as far as it is known
    PeerIdentity identity;    // who we are
    // Must rise with each connection of this identity: the server ends and drains the older ones
    // before it answers, so that nothing sent there can still take effect afterwards.
    uint64_t session = 0;
    Credentials credentials;
    NotificationHandler* notifications = nullptr;  // outlives the connection
    Duration timeout = seconds(5);                 // to connect and to shake hands
    uint64_t in_flight_bytes_max = 32 * mib;       // requests and the replies they expect
    PulseOptions pulse;
    VersionRange versions = versions_known;
};

class Connection {
  public:
    // Fails with unavailable, timed_out, authentication_failed, wrong_cluster, version_mismatch,
    // corrupt (not a Cairn program), or what the server refused with.
    static Task<Result<std::unique_ptr<Connection>>> connect(Runtime& runtime, Address to,
                                                             ConnectOptions options);
    ~Connection();

    // The reply, or the error that the server answered, or:
    //   timed_out, connection_lost  the request may have been or may still be carried out
    //   overloaded                  the time passed waiting for room in flight; nothing was sent
    //   unavailable                 the connection was lost before; nothing was sent
    //   too_large                   the request does not fit into a frame; nothing was sent
    // An answer that comes after its caller has gone is dropped.
    Task<Result<Reply>> call(Method method, Bytes body, Payload payload, CallOptions options);

    // Ends it at once: calls in flight fail with connection_lost. Joins; call it exactly once.
    Task<void> close();

    [[nodiscard]] bool lost() const { return lost_.is_set(); }
    // Set when the connection ends, for whatever reason.
    [[nodiscard]] Event& lost_event() { return lost_; }
    // Why it ended.
    [[nodiscard]] const Error& reason() const { return *reason_; }
    [[nodiscard]] const Agreement& agreement() const { return agreement_; }
    [[nodiscard]] const Address& address() const { return address_; }
    [[nodiscard]] uint64_t in_flight_bytes() const { return window_.in_use(); }

  private:
    Connection(Runtime& runtime, Address address, std::unique_ptr<Stream> stream,
               Agreement agreement, const ConnectOptions& options);
    void lose(Error reason);
    Task<void> receive();
    Task<void> send();
    Task<void> beat();
    Result<void> take(Frame frame);
    Result<void> take_response(Frame frame);
    [[nodiscard]] Error not_sent(Code window_code) const;
    [[nodiscard]] Error outcome_of_loss() const;

    Runtime& runtime_;
    Address address_;
    std::unique_ptr<Stream> stream_;
    Agreement agreement_;
    NotificationHandler* notifications_;
    FrameReader reader_;
    FrameSender sender_;
    Pulse pulse_;
    Window window_;
    CallTable calls_;
    Event lost_;
    std::optional<Error> reason_;
    bool closed_ = false;
    Scope scope_;  // last: its tasks use all of the above
};

}  // namespace cairn::rpc
