// PeerLink: the way of raft messages from this metadata server to one other. Messages are gathered
// into few calls; while the peer cannot be reached they are dropped, which consensus expects. Owned
// by the PeerLinks of a MetaNode, on its loop; it never decides anything.
#pragma once

#include <deque>
#include <functional>

#include "raft/types.h"
#include "rpc/connection.h"
#include "runtime/runtime.h"
#include "wire/mds_messages.h"

namespace cairn::meta {

// How a metadata server connects to its peers. Outlives what uses it.
struct PeerAccess {
    rpc::ConnectOptions options;  // without the session
    Address own_address;          // where the peers reach this server
    // Adds what every request says of its sender.
    std::function<void(RaftMessagesRequest& request)> introduce;
    uint64_t sessions = 0;  // connections made so far: each has a higher number
};

// Messages to a peer are lost soon after it stopped answering, so that elections are quick.
constexpr rpc::PulseOptions peer_pulse{.interval = milliseconds(500), .silent_intervals_max = 4};
constexpr Duration peer_connect_timeout = seconds(1);

class PeerLink {
  public:
    // `on_failure` is told that messages were lost, and why; it must not wait or destroy the link.
    using OnFailure = std::function<void(MdsId peer, const Error& error)>;
    // What the peer said of itself.
    using OnReport = std::function<void(MdsId peer, MdsReport report)>;

    PeerLink(Runtime& runtime, PeerAccess& access, MdsId peer, Address address,
             OnFailure on_failure, OnReport on_report);

    void send(const raft::Message& message);
    // Says nothing, to hear whether the peer still knows this server.
    void greet();
    // Sends until stop(); exactly once.
    Task<void> run();
    void stop();
    // Waits for the end of run().
    Task<void> ended();

    [[nodiscard]] const Address& address() const { return address_; }

  private:
    struct Batch {
        Bytes body;
        Buffer payload;
    };
    Task<Result<void>> connect();
    Task<void> disconnect();
    [[nodiscard]] Batch take_batch();
    Task<void> deliver(Batch batch);
    void fail(const Error& error);

    Runtime& runtime_;
    PeerAccess& access_;
    MdsId peer_;
    Address address_;
    OnFailure on_failure_;
    OnReport on_report_;
    std::deque<Bytes> queue_;
    size_t queued_bytes_ = 0;
    size_t calls_ = 0;
    bool greeting_ = false;
    bool broken_ = false;  // a call failed: connect anew
    Condition changed_;
    cairn::Event stopping_;
    cairn::Event ended_;
    std::unique_ptr<rpc::Connection> connection_;
    Scope scope_;
};

}  // namespace cairn::meta
