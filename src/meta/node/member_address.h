// A metadata server's address as raft's membership carries it.
#pragma once

#include "base/address.h"
#include "raft/types.h"

namespace cairn::meta {

[[nodiscard]] inline Bytes member_address(const Address& address) {
    Bytes bytes;
    ByteWriter out(bytes);
    put(out, address);
    return bytes;
}

// None if it does not decode.
[[nodiscard]] inline Address address_of(const raft::Member& member) {
    Address address;
    ByteReader in(member.address);
    get(in, address);
    return in.ok() ? address : Address{};
}

}  // namespace cairn::meta
