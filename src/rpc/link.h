// Link: a connection to one server that is made when it is needed and made anew when it was lost.
// Calls fail while the server cannot be reached, at once where it could not be reached a moment
// ago; whether to try again is the caller's business. Links: the links of one program, by address.
#pragma once

#include <map>
#include <memory>

#include "rpc/connection.h"
#include "runtime/runtime.h"

namespace cairn::rpc {

// Who connects, and where to. The identity may be learned later than the links are made.
struct LinkIdentity {
    ClusterIdentity cluster;
    PeerIdentity identity;
    Credentials credentials;
    uint64_t sessions =
        0;  // connections made so far: each has a higher number than those before it
};

class Link {
  public:
    // `identity` outlives the link.
    // Born closed, it only refuses.
    Link(Runtime& runtime, Address address, LinkIdentity& identity, bool closed)
        : runtime_(runtime),
          address_(std::move(address)),
          identity_(identity),
          connecting_(runtime.loop),
          closed_(closed) {}

    // As Connection::call; unavailable where no connection can be had. Connecting takes of the
    // call's time.
    Task<Result<Reply>> call(Method method, Bytes body, Payload payload, CallOptions options);
    // Ends the connection, and calls in flight with it; later calls fail.
    Task<void> close();
    [[nodiscard]] uint32_t in_flight() const { return in_flight_; }
    [[nodiscard]] const Address& address() const { return address_; }

  private:
    Task<Result<std::shared_ptr<Connection>>> connection();

    Runtime& runtime_;
    Address address_;
    LinkIdentity& identity_;
    Mutex connecting_;
    std::shared_ptr<Connection> current_;
    bool closed_;
    uint32_t in_flight_ = 0;
    std::optional<Error> last_failure_;
    Instant retry_at_;
    Duration pause_{0};
};

class Links {
  public:
    Links(Runtime& runtime, LinkIdentity identity)
        : runtime_(runtime), identity_(std::move(identity)) {}

    Link& to(const Address& address);
    [[nodiscard]] LinkIdentity& identity() { return identity_; }
    // Whoever asks for a link from here on gets one that refuses.
    Task<void> close();

  private:
    Runtime& runtime_;
    LinkIdentity identity_;
    std::map<Address, std::unique_ptr<Link>> links_;
    bool closed_ = false;
};

}  // namespace cairn::rpc
