#include "rpc/secret.h"

#include <sodium.h>

namespace cairn::rpc {

void wipe(MutableByteView bytes) {
    sodium_memzero(bytes.data(), bytes.size());
}

bool equal_in_constant_time(std::span<const std::byte, 32> a, std::span<const std::byte, 32> b) {
    return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace cairn::rpc
