// Proofs that both ends of a connection know the cluster's key, and the session's own key. They are
// keyed BLAKE2b over both hellos, with a label for each use: neither end can answer with what the
// other sent, nothing in the hellos can be altered on the way, and fresh nonces make every
// conversation different. Pure.
#pragma once

#include "rpc/secret.h"
#include "wire/hello.h"

namespace cairn::rpc {

struct Proofs {
    ProofBytes client;
    ProofBytes server;
    SessionKey session;
};

[[nodiscard]] Proofs make_proofs(const ClusterKey& key, const ClientHelloBytes& client,
                                 const ServerHelloBytes& server);

}  // namespace cairn::rpc
