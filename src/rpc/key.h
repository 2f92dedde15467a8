// The cluster's key: derived from its password with Argon2id, so that guessing is slow, and kept in
// auth_digest.key on every host. The password itself is stored nowhere.
//
// The key file is text, so that an administrator can see what it is:
//     cairn-key 1
//     cluster 01234567-89ab-cdef-0123-456789abcdef
//     salt 32 hexadecimal digits
//     operations 3
//     memory-kib 65536
//     key 64 hexadecimal digits
//     checksum 16 hexadecimal digits: XXH3-64 of the lines before this one
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "rpc/secret.h"
#include "wire/hello.h"

namespace cairn::rpc {

// What a derivation costs; the salt is drawn with Random::fill().
constexpr uint32_t default_operations = 3;
constexpr uint32_t default_memory_kib = 64 * 1024;
// For tests and the simulator: a few microseconds.
constexpr uint32_t cheapest_operations = 1;
constexpr uint32_t cheapest_memory_kib = 8;

// Blocks its thread for as long as the cost asks: for commands, never for a daemon's loop. Fails
// with invalid_argument if the password is empty or the cost is out of bounds: a server that is not
// trusted yet must not make a client allocate all its memory.
[[nodiscard]] Result<ClusterKey> derive_key(std::string_view password,
                                            const KeyDerivation& derivation);

struct KeyFile {
    ClusterId cluster;
    KeyDerivation derivation;
    ClusterKey key;

    bool operator==(const KeyFile&) const = default;
};

constexpr size_t key_file_size_max = 4096;

// The caller wipes the bytes when they are written.
[[nodiscard]] Bytes encode_key_file(const KeyFile& file);

// Fails with corrupt, or version_mismatch for a file of a newer program.
[[nodiscard]] Result<KeyFile> decode_key_file(ByteView content);

}  // namespace cairn::rpc
