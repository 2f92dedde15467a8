#include "wire/hello.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/checksum.h"

namespace cairn {

namespace {

constexpr uint32_t hello_magic = 0x484E5243;  // "CRNH"
constexpr uint16_t format_version = 1;
constexpr size_t checksum_size = 8;
constexpr size_t name_field_size = cluster_name_max + 1;

enum class MessageKind : uint16_t { client_hello = 1, server_hello = 2, proof = 3 };

void put_start(ByteWriter& out, MessageKind kind) {
    out.put(hello_magic);
    out.put(kind);
    out.put(format_version);
}

void put_cluster(ByteWriter& out, const ClusterIdentity& cluster) {
    CHECK(cluster.name.size() <= cluster_name_max);
    out.put(cluster.id);
    out.put_raw(bytes_of(cluster.name));
    out.put_zeros(name_field_size - cluster.name.size());
}

void put_identity(ByteWriter& out, const PeerIdentity& identity) {
    out.put(identity.role);
    out.put_zeros(3);
    out.put(identity.node);
    out.put(identity.instance);
}

template <class Array>
Array sealed(Bytes bytes) {
    ByteWriter(bytes).put(checksum(bytes));
    Array out;
    CHECK(bytes.size() == out.size());
    std::ranges::copy(bytes, out.begin());
    return out;
}

void get_zeros(ByteReader& in, size_t count) {
    if (!std::ranges::all_of(in.take(count), [](std::byte byte) { return byte == std::byte{0}; }))
        in.fail();
}

bool allowed_in_name(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
}

void get_cluster(ByteReader& in, ClusterIdentity& cluster) {
    in.get(cluster.id);
    const std::string_view field = text_of(in.take(name_field_size));
    const size_t length = std::min(field.find('\0'), field.size());
    cluster.name = field.substr(0, length);
    const bool padded = std::ranges::all_of(field.substr(length), [](char c) { return c == '\0'; });
    if (length > cluster_name_max || !padded || !std::ranges::all_of(cluster.name, allowed_in_name))
        in.fail();
}

void get_identity(ByteReader& in, PeerIdentity& identity) {
    in.get(identity.role);
    if (identity.role < Role::mds || identity.role > Role::tool)
        in.fail();
    get_zeros(in, 3);
    in.get(identity.node);
    in.get(identity.instance);
}

template <size_t size>
void get_array(ByteReader& in, std::array<std::byte, size>& into) {
    const ByteView raw = in.take(size);
    if (raw.size() == size)
        std::ranges::copy(raw, into.begin());
}

void get_versions(ByteReader& in, VersionRange& versions) {
    in.get(versions.min);
    in.get(versions.max);
    if (versions.min == 0 || versions.min > versions.max)
        in.fail();
}

// A reader that stands behind the common start, or has failed.
ByteReader open(ByteView raw, MessageKind kind) {
    const ByteView content = raw.first(raw.size() - checksum_size);
    ByteReader tail(raw.last(checksum_size));
    ByteReader in(content);
    const auto magic = in.read<uint32_t>();
    const auto found_kind = in.read<MessageKind>();
    const auto version = in.read<uint16_t>();
    if (magic != hello_magic || found_kind != kind || version != format_version ||
        tail.read<uint64_t>() != checksum(content))
        in.fail();
    return in;
}

Error not_a_hello() {
    return {Code::corrupt, "what was received is not the hello of a Cairn program"};
}

}  // namespace

std::string_view name_of(Role role) {
    switch (role) {
        case Role::mds: return "MDS";
        case Role::chunk_server: return "CS";
        case Role::client: return "client";
        case Role::tool: return "tool";
    }
    return "unknown";
}

std::string to_string(const PeerIdentity& peer) {
    if (peer.node == 0)
        return std::string(name_of(peer.role));
    const bool named = peer.role == Role::client || peer.role == Role::tool;
    return fmt::format("{}{}{}", name_of(peer.role), named ? " " : "#", peer.node);
}

std::string to_string(const ClusterIdentity& cluster) {
    if (cluster.id.is_none())
        return cluster.name;
    if (cluster.name.empty())
        return to_string(cluster.id);
    return fmt::format("{} ({})", cluster.name, to_string(cluster.id));
}

ClientHelloBytes encode(const ClientHello& hello) {
    Bytes bytes;
    ByteWriter out(bytes);
    put_start(out, MessageKind::client_hello);
    out.put(hello.versions.min);
    out.put(hello.versions.max);
    out.put_zeros(4);
    out.put(hello.features);
    put_cluster(out, hello.cluster);
    put_identity(out, hello.identity);
    out.put(hello.session);
    out.put_raw(hello.nonce);
    return sealed<ClientHelloBytes>(std::move(bytes));
}

ServerHelloBytes encode(const ServerHello& hello) {
    Bytes bytes;
    ByteWriter out(bytes);
    put_start(out, MessageKind::server_hello);
    out.put(hello.versions.min);
    out.put(hello.versions.max);
    out.put(hello.version);
    out.put(hello.status);
    out.put(hello.features);
    put_cluster(out, hello.cluster);
    put_identity(out, hello.identity);
    out.put_raw(hello.derivation.salt);
    out.put(hello.derivation.operations);
    out.put(hello.derivation.memory_kib);
    out.put_raw(hello.nonce);
    out.put_zeros(24);
    return sealed<ServerHelloBytes>(std::move(bytes));
}

ProofMessageBytes encode(const HelloProof& proof) {
    Bytes bytes;
    ByteWriter out(bytes);
    put_start(out, MessageKind::proof);
    out.put(proof.status);
    out.put_zeros(6);
    out.put_raw(proof.proof);
    return sealed<ProofMessageBytes>(std::move(bytes));
}

Result<ClientHello> decode_client_hello(std::span<const std::byte, 168> raw) {
    ByteReader in = open(raw, MessageKind::client_hello);
    ClientHello hello;
    get_versions(in, hello.versions);
    get_zeros(in, 4);
    in.get(hello.features);
    get_cluster(in, hello.cluster);
    get_identity(in, hello.identity);
    in.get(hello.session);
    get_array(in, hello.nonce);
    if (!in.finished())
        return not_a_hello();
    return hello;
}

Result<ServerHello> decode_server_hello(std::span<const std::byte, 208> raw) {
    ByteReader in = open(raw, MessageKind::server_hello);
    ServerHello hello;
    get_versions(in, hello.versions);
    in.get(hello.version);
    in.get(hello.status);
    in.get(hello.features);
    get_cluster(in, hello.cluster);
    get_identity(in, hello.identity);
    get_array(in, hello.derivation.salt);
    in.get(hello.derivation.operations);
    in.get(hello.derivation.memory_kib);
    get_array(in, hello.nonce);
    get_zeros(in, 24);
    if (!in.finished())
        return not_a_hello();
    return hello;
}

Result<HelloProof> decode_proof(std::span<const std::byte, 56> raw) {
    ByteReader in = open(raw, MessageKind::proof);
    HelloProof proof;
    in.get(proof.status);
    get_zeros(in, 6);
    get_array(in, proof.proof);
    if (!in.finished())
        return not_a_hello();
    return proof;
}

}  // namespace cairn
