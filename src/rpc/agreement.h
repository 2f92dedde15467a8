// What two programs agree on when they shake hands, and why they may not. Pure functions: the
// server's answer to a hello, and what the client makes of the answer.
#pragma once

#include "base/result.h"
#include "rpc/secret.h"
#include "wire/frame.h"
#include "wire/hello.h"

namespace cairn::rpc {

// Each bit is a feature that both ends must have before it is used. None yet: integrity and
// encryption in transit will be the first.
constexpr uint64_t features_known = 0;

constexpr VersionRange versions_known{protocol_version_min, protocol_version_max};

// Who a server is. `key` follows from the password through `derivation`.
struct ServerIdentity {
    ClusterIdentity cluster;
    PeerIdentity identity;
    KeyDerivation derivation;
    ClusterKey key;
    VersionRange versions = versions_known;
    uint64_t features = features_known;
};

// What holds for a connection once both ends have proved themselves.
struct Agreement {
    uint16_t version = 0;
    uint64_t features = 0;
    PeerIdentity peer;
    ClusterIdentity cluster;
    KeyDerivation derivation;
    ClusterKey cluster_key;
    SessionKey session_key;  // for integrity and encryption, when features switch them on
};

// The hello that a server answers with; its status says whether it goes on.
[[nodiscard]] ServerHello answer_hello(const ServerIdentity& server, const ClientHello& client,
                                       const Nonce& nonce);

// The client's look at the answer: version_mismatch naming both ranges, wrong_cluster naming both
// clusters, or whatever else the server refused with.
[[nodiscard]] Result<void> accept_hello(const ClientHello& client, const ServerHello& server);

}  // namespace cairn::rpc
