// Foreign bytes as each of the hello's messages: refused, or decoded to what encodes back to them.
#include <algorithm>
#include <cstdint>

#include "base/checksum.h"
#include "wire/hello.h"

namespace {

using namespace cairn;

template <size_t size, class Decode>
void try_message(ByteView input, bool mend_checksum, Decode decode) {
    std::array<std::byte, size> raw{};
    std::ranges::copy(input.first(std::min(input.size(), size)), raw.begin());
    if (mend_checksum) {
        const uint64_t sum = checksum(ByteView(raw).first(size - sizeof(uint64_t)));
        std::memcpy(raw.data() + size - sizeof sum, &sum, sizeof sum);
    }
    const auto decoded = decode(std::span<const std::byte, size>(raw));
    if (decoded)
        CHECK(encode(*decoded) == raw);
    else
        CHECK(decoded.code() == Code::corrupt);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0)
        return 0;
    const bool mend = (data[0] & 1) != 0;
    const ByteView input = std::as_bytes(std::span(data + 1, size - 1));
    try_message<168>(input, mend, decode_client_hello);
    try_message<208>(input, mend, decode_server_hello);
    try_message<56>(input, mend, decode_proof);
    return 0;
}
