#include "rpc/proof.h"

#include <sodium.h>
#include <string_view>

namespace cairn::rpc {

namespace {

std::array<std::byte, 32> keyed_hash(const ClusterKey& key, std::string_view label,
                                     const ClientHelloBytes& client,
                                     const ServerHelloBytes& server) {
    // Labels differ in their first bytes and the hellos have fixed sizes, so no two uses can ever
    // hash the same text.
    crypto_generichash_state state;
    std::array<std::byte, 32> out;
    const auto update = [&state](ByteView bytes) {
        const int failed = crypto_generichash_update(
            &state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
        CHECK(failed == 0);
    };
    const auto* raw_key = reinterpret_cast<const unsigned char*>(key.view().data());
    CHECK(crypto_generichash_init(&state, raw_key, key.view().size(), out.size()) == 0);
    update(bytes_of(label));
    update(client);
    update(server);
    CHECK(crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(out.data()),
                                   out.size()) == 0);
    sodium_memzero(&state, sizeof state);
    return out;
}

}  // namespace

Proofs make_proofs(const ClusterKey& key, const ClientHelloBytes& client,
                   const ServerHelloBytes& server) {
    return {keyed_hash(key, "client proof, cairn rpc 1", client, server),
            keyed_hash(key, "server proof, cairn rpc 1", client, server),
            SessionKey(keyed_hash(key, "session key, cairn rpc 1", client, server))};
}

}  // namespace cairn::rpc
