// Whatever bytes come as a small file of a metadata server's repository: decoding ends, and what is
// accepted encodes to something that decodes to the same. Each input is tried as it is, and with
// the checksum put right, so that what lies behind it is reached.
#include <cstring>

#include "base/check.h"
#include "base/checksum.h"
#include "meta/node/address_plan.h"
#include "meta/node/identity.h"
#include "meta/node/peer_lives.h"

namespace {

using namespace cairn;
using namespace cairn::meta;

constexpr LogOwner owner{.cluster = {}, .mds = MdsId(1)};

void try_files(ByteView input) {
    if (const auto identity = decode_identity(input))
        CHECK(*decode_identity(encode_identity(*identity)) == *identity);
    if (const auto plan = decode_address_plan(input, owner))
        CHECK(*decode_address_plan(encode_address_plan(*plan, owner), owner) == *plan);
    if (const auto lives = PeerLives::decode(input, owner)) {
        const Bytes again = lives->encode(owner);
        CHECK(PeerLives::decode(again, owner)->encode(owner) == again);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const ByteView input = std::as_bytes(std::span(data, size));
    try_files(input);
    Bytes bytes(input.begin(), input.end());
    if (bytes.size() < sizeof(uint64_t))
        return 0;
    const size_t checked = bytes.size() - sizeof(uint64_t);
    const uint64_t sum = checksum(ByteView(bytes).first(checked));
    std::memcpy(bytes.data() + checked, &sum, sizeof sum);
    try_files(bytes);
    return 0;
}
