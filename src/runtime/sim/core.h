// Core: what every part of one simulated world shares: its time, trace, fault plan, probes and
// source of randomness. Owned by World; not for the tests and scenarios above.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/checksum.h"
#include "runtime/random.h"
#include "runtime/sim/event_queue.h"
#include "runtime/sim/faults.h"
#include "runtime/sim/trace.h"

namespace cairn::sim {

class SimRandom final : public Random {
  public:
    explicit SimRandom(uint64_t seed) : generator_(seed) {}
    uint64_t next() override { return generator_.next(); }
    void fill(MutableByteView into) override {
        for (std::byte& byte : into)
            byte = static_cast<std::byte>(generator_.next());
    }

  private:
    Xoshiro generator_;
};

struct Core {
    Core(uint64_t world_seed, const FaultPlan& plan)
        : seed(world_seed), faults(plan), random(world_seed) {}

    // A source of its own for each part, so that one more draw in one does not shift the others.
    [[nodiscard]] uint64_t seed_for(std::string_view name, uint64_t number = 0) const {
        return checksum(bytes_of(name), seed) + number * 0x9E3779B97F4A7C15ULL;
    }
    [[nodiscard]] SimTime now() const { return queue.now(); }
    // Whether something that happens `per_million` times in a million happens now. Draws nothing
    // for never.
    static bool strikes(Xoshiro& source, uint32_t per_million) {
        return per_million != 0 && source.below(1'000'000) < per_million;
    }
    static Duration between(Xoshiro& source, Duration least, Duration most) {
        const auto span = static_cast<uint64_t>(most.nanoseconds - least.nanoseconds);
        return least + nanoseconds(static_cast<int64_t>(source.below(span + 1)));
    }
    // Counts a strike, and puts it into the trace.
    void fault(std::string_view name, std::string_view who) {
        probes.hit(name);
        trace.record(now(), TraceKind::fault, checksum(bytes_of(name)) >> 8);
        if (trace.wanted())
            trace.say(now(), who, std::string("fault: ").append(name));
    }

    const uint64_t seed;
    EventQueue queue;
    Trace trace;
    FaultPlan faults;
    Probes probes;
    std::function<void(std::string_view who, Severity severity, std::string_view component,
                       std::string_view text)>
        log_sink;
    Xoshiro random;        // for scheduling and latencies
    bool in_turn = false;  // a simulated program is running: it cannot be killed just now
    uint64_t clock_reads_in_turn = 0;
    uint64_t next_number = 1;
};

}  // namespace cairn::sim
