#include "runtime/real/random.h"

#include <cerrno>
#include <sys/random.h>

#include "base/check.h"

namespace cairn::real {

namespace {

void fill_from_kernel(MutableByteView into) {
    while (!into.empty()) {
        const ssize_t count = ::getrandom(into.data(), into.size(), 0);
        CHECK_NOTE(count > 0 || errno == EINTR, "the kernel gives no random bytes");
        if (count > 0)
            into = into.subspan(static_cast<size_t>(count));
    }
}

uint64_t kernel_seed() {
    uint64_t seed = 0;
    fill_from_kernel(std::as_writable_bytes(std::span(&seed, 1)));
    return seed;
}

}  // namespace

RealRandom::RealRandom() : generator_(kernel_seed()) {}

void RealRandom::fill(MutableByteView into) {
    fill_from_kernel(into);
}

}  // namespace cairn::real
