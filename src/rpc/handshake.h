// The handshake, held over a stream by either end: hellos, then proofs (wire/hello.h). Nothing else
// is parsed before the proofs verify. Both functions wait without a limit of their own: the caller
// holds a StreamDeadline over the stream.
#pragma once

#include <string>
#include <variant>

#include "rpc/agreement.h"
#include "rpc/key.h"
#include "runtime/network.h"
#include "runtime/random.h"
#include "runtime/task.h"

namespace cairn::rpc {

// What a host that joins a cluster knows. The server says how the key is derived; less than this
// cost is refused, for it would let a false server guess the password from our proof.
struct Password {
    std::string text;
    uint32_t operations_min = default_operations;
    uint32_t memory_kib_min = default_memory_kib;
};

using Credentials = std::variant<ClusterKey, Password>;

// `hello` lacks only its nonce. `credentials` must outlive the task.
Task<Result<Agreement>> shake_hands(Stream& stream, Random& random, ClientHello hello,
                                    const Credentials& credentials);

// A client that has proved itself and waits for the server's proof.
struct Greeted {
    uint64_t session = 0;
    Agreement agreement;
    ProofBytes server_proof{};
};

// The server's side up to there. authentication_failed: the proof was wrong, and nothing has been
// said about it yet. `server` must outlive the task.
Task<Result<Greeted>> greet(Stream& stream, Random& random, const ServerIdentity& server);

// The end of the handshake: the server's proof, or a refusal.
Task<Result<void>> send_proof(Stream& stream, HelloProof proof);

// Waits until the peer hangs up, so that closing our end does not destroy what was said last.
Task<void> await_hang_up(Stream& stream);

}  // namespace cairn::rpc
