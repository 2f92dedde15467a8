#include "runtime/sim/trace.h"

#include <fmt/core.h>

#include "base/checksum.h"

namespace cairn::sim {

void Trace::mix(uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15ULL;
    hash_ ^= hash_ >> 32;
}

void Trace::record(SimTime time, TraceKind kind, uint64_t subject, uint64_t a, uint64_t b) {
    mix(static_cast<uint64_t>(time.nanoseconds));
    mix((subject << 8) | static_cast<uint64_t>(kind));
    mix(a);
    mix(b);
}

void Trace::record_bytes(ByteView bytes) {
    mix(checksum(bytes));
}

void Trace::say(SimTime time, std::string_view who, std::string_view what) const {
    const int64_t nanoseconds = time.nanoseconds;
    sink_(fmt::format("{:6}.{:09} {:16} {}", nanoseconds / 1'000'000'000,
                      nanoseconds % 1'000'000'000, who, what));
}

}  // namespace cairn::sim
