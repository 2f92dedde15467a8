// The hello: the few fixed-size messages with which a connection begins. Until both ends have
// proved that they know the cluster's key, nothing else is parsed. Pure: the proofs themselves are
// made in rpc/proof.h, the conversation is held in rpc/handshake.h.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace cairn {

// The conversation:
//
//      client                                   server
//      ClientHello: who I am, nonce    ->
//                                      <-       ServerHello: who I am, nonce, key derivation;
//                                               or a status that refuses
//      Proof(client)                   ->
//                                      <-       Proof(server), or a status that refuses
//      frames (wire/frame.h)           <->
//
// All three begin with u32 magic "CRNH", u16 kind, u16 format version, and end with the u64 XXH3-64
// of what is before it, which tells a damaged or foreign message from a wrong key.
//
//      ClientHello, 168 bytes           ServerHello, 208 bytes          Proof, 56 bytes
//        8 u16 version min, 10 max        8 u16 version min, 10 max       8 u16 status, 10 6 zeros
//       12 4 zeros                       12 u16 chosen, 14 u16 status    16 32 bytes of proof
//       16 u64 features offered          16 u64 features chosen          48 checksum
//       24 16 cluster id                 24 16 cluster id
//       40 64 cluster name, zero filled  40 64 cluster name
//      104 u8 role, 105 3 zeros         104 u8 role, 105 3 zeros
//      108 u32 node                     108 u32 node
//      112 u64 instance                 112 u64 instance
//      120 u64 session                  120 16 salt
//      128 32 nonce                     136 u32 operations, 140 u32 KiB of memory
//      160 checksum                     144 32 nonce
//                                       176 24 zeros, 200 checksum

constexpr size_t cluster_name_max = 63;

enum class Role : uint8_t { mds = 1, chunk_server = 2, client = 3, tool = 4 };

[[nodiscard]] std::string_view name_of(Role role);

// Who is at one end of a connection. One life of a program has one instance number; instance 0 is
// nobody in particular (a tool), to whom no order between connections is promised.
struct PeerIdentity {
    Role role = Role::tool;
    uint32_t node = 0;  // MdsId, CsId or ClientId by role
    uint64_t instance = 0;

    auto operator<=>(const PeerIdentity&) const = default;
};

// "CS#1025", "MDS#1", "client 2049", "tool".
[[nodiscard]] std::string to_string(const PeerIdentity& peer);

// Which cluster a program belongs to or looks for. A tool that joins knows no id yet.
struct ClusterIdentity {
    ClusterId id;
    std::string name;

    bool operator==(const ClusterIdentity&) const = default;
};

// "demo (01234567-...)"; what is not known is left out.
[[nodiscard]] std::string to_string(const ClusterIdentity& cluster);

struct VersionRange {
    uint16_t min = 0;
    uint16_t max = 0;

    bool operator==(const VersionRange&) const = default;
};

// How a cluster's key follows from its password; not secret.
struct KeyDerivation {
    std::array<std::byte, 16> salt{};
    uint32_t operations = 0;
    uint32_t memory_kib = 0;

    bool operator==(const KeyDerivation&) const = default;
};

using Nonce = std::array<std::byte, 32>;
using ProofBytes = std::array<std::byte, 32>;

struct ClientHello {
    VersionRange versions;
    uint64_t features = 0;
    ClusterIdentity cluster;
    PeerIdentity identity;
    uint64_t session = 0;  // higher in each later connection of one identity
    Nonce nonce{};

    bool operator==(const ClientHello&) const = default;
};

struct ServerHello {
    VersionRange versions;
    uint16_t version = 0;  // chosen; 0 in a refusal
    Code status = Code::ok;
    uint64_t features = 0;
    ClusterIdentity cluster;
    PeerIdentity identity;
    KeyDerivation derivation;
    Nonce nonce{};

    bool operator==(const ServerHello&) const = default;
};

struct HelloProof {
    Code status = Code::ok;
    ProofBytes proof{};  // zero in a refusal

    bool operator==(const HelloProof&) const = default;
};

using ClientHelloBytes = std::array<std::byte, 168>;
using ServerHelloBytes = std::array<std::byte, 208>;
using ProofMessageBytes = std::array<std::byte, 56>;

[[nodiscard]] ClientHelloBytes encode(const ClientHello& hello);
[[nodiscard]] ServerHelloBytes encode(const ServerHello& hello);
[[nodiscard]] ProofMessageBytes encode(const HelloProof& proof);

// Fail with corrupt: it is not what a Cairn program sends.
[[nodiscard]] Result<ClientHello> decode_client_hello(std::span<const std::byte, 168> raw);
[[nodiscard]] Result<ServerHello> decode_server_hello(std::span<const std::byte, 208> raw);
[[nodiscard]] Result<HelloProof> decode_proof(std::span<const std::byte, 56> raw);

}  // namespace cairn
