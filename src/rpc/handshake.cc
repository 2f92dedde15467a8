#include "rpc/handshake.h"

#include <fmt/core.h>

#include "rpc/proof.h"

namespace cairn::rpc {

namespace {

template <size_t size>
Task<Result<void>> send_message(Stream& stream, std::array<std::byte, size> message) {
    const std::array<ByteView, 1> slices{message};
    co_return co_await write_all(stream, slices);
}

Result<ClusterKey> key_for(const Credentials& credentials, const KeyDerivation& derivation) {
    if (const auto* key = std::get_if<ClusterKey>(&credentials))
        return *key;
    const auto& password = std::get<Password>(credentials);
    if (derivation.operations < password.operations_min ||
        derivation.memory_kib < password.memory_kib_min) {
        return Error(Code::authentication_failed,
                     fmt::format("it asks for the key at a cost of only {} operations over {} KiB",
                                 derivation.operations, derivation.memory_kib));
    }
    return derive_key(password.text, derivation);
}

Error refused(Code status) {
    switch (status) {
        case Code::authentication_failed:
            return {status, "it does not accept our key: wrong password? auth-node sets it anew"};
        case Code::busy:
            return {status, "a session of this program with as high a number is open there"};
        case Code::timed_out:
        case Code::overloaded:
            return {status,
                    "it is still occupied with an earlier session of this program, or full"};
        default: return {status, fmt::format("it refused the session: {}", name_of(status))};
    }
}

}  // namespace

Task<Result<Agreement>> shake_hands(Stream& stream, Random& random, ClientHello hello,
                                    const Credentials& credentials) {
    // 1. Hellos.
    random.fill(hello.nonce);
    const ClientHelloBytes client_bytes = encode(hello);
    CO_TRY(co_await send_message(stream, client_bytes));
    ServerHelloBytes server_bytes;
    CO_TRY(co_await read_exact(stream, server_bytes));
    Result<ServerHello> server = decode_server_hello(server_bytes);
    if (!server)
        co_return server.error();
    CO_TRY(accept_hello(hello, *server));

    // 2. Our proof, then theirs.
    Result<ClusterKey> key = key_for(credentials, server->derivation);
    if (!key)
        co_return key.error();
    const Proofs proofs = make_proofs(*key, client_bytes, server_bytes);
    CO_TRY(co_await send_proof(stream, {Code::ok, proofs.client}));
    ProofMessageBytes answer_bytes;
    CO_TRY(co_await read_exact(stream, answer_bytes));
    Result<HelloProof> answer = decode_proof(answer_bytes);
    if (!answer)
        co_return answer.error();
    if (answer->status != Code::ok)
        co_return refused(answer->status);
    if (!equal_in_constant_time(answer->proof, proofs.server))
        co_return Error(Code::authentication_failed, "it does not know the cluster's key");
    co_return Agreement{server->version, server->features,   server->identity,
                        server->cluster, server->derivation, *key,
                        proofs.session};
}

Task<Result<Greeted>> greet(Stream& stream, Random& random, const ServerIdentity& server) {
    // 1. Hellos.
    ClientHelloBytes client_bytes;
    CO_TRY(co_await read_exact(stream, client_bytes));
    Result<ClientHello> client = decode_client_hello(client_bytes);
    if (!client)
        co_return client.error();
    Nonce nonce;
    random.fill(nonce);
    const ServerHello answer = answer_hello(server, *client, nonce);
    const ServerHelloBytes server_bytes = encode(answer);
    CO_TRY(co_await send_message(stream, server_bytes));
    if (answer.status != Code::ok) {
        co_return Error(answer.status,
                        fmt::format("{} of cluster {} is not for us", to_string(client->identity),
                                    to_string(client->cluster)));
    }

    // 2. The client's proof.
    ProofMessageBytes proof_bytes;
    CO_TRY(co_await read_exact(stream, proof_bytes));
    Result<HelloProof> proof = decode_proof(proof_bytes);
    if (!proof)
        co_return proof.error();
    const Proofs proofs = make_proofs(server.key, client_bytes, server_bytes);
    if (!equal_in_constant_time(proof->proof, proofs.client)) {
        co_return Error(
            Code::authentication_failed,
            fmt::format("{} does not know the cluster's key", to_string(client->identity)));
    }
    Greeted greeted;
    greeted.session = client->session;
    greeted.agreement = {answer.version,    answer.features, client->identity, server.cluster,
                         server.derivation, server.key,      proofs.session};
    greeted.server_proof = proofs.server;
    co_return greeted;
}

Task<Result<void>> send_proof(Stream& stream, HelloProof proof) {
    co_return co_await send_message(stream, encode(proof));
}

Task<void> await_hang_up(Stream& stream) {
    std::array<std::byte, 64> ignored;
    while (true) {
        Result<size_t> count = co_await stream.read(ignored);
        if (!count || *count == 0)
            co_return;
    }
}

}  // namespace cairn::rpc
