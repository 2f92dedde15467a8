// Trace: what happened, as a running 64-bit hash (always) and as lines for people (when somebody
// wants them). Two runs of one seed have one hash, whatever the build and whether or not anybody
// reads the lines.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/bytes.h"
#include "runtime/sim/event_queue.h"
#include "telemetry/log.h"

namespace cairn::sim {

enum class TraceKind : uint8_t {
    world,    // what the scenario did: start, kill, power cut, partition
    turn,     // a loop ran
    log,      // a program said something
    fault,    // a fault struck
    network,  // a connection changed
    data,     // bytes went into a connection, or came out
    disk,     // an operation on a file took effect, or completed
    name,     // an operation on names took effect
    frame,    // an Ethernet frame was sent, or arrived
};

class Trace {
  public:
    // Numbers decide the hash, so they identify things by counters, never by addresses.
    void record(SimTime time, TraceKind kind, uint64_t subject, uint64_t a = 0, uint64_t b = 0);
    // Into the hash, too: what the bytes are.
    void record_bytes(ByteView bytes);
    [[nodiscard]] uint64_t hash() const { return hash_; }

    void set_sink(std::function<void(std::string_view line)> sink) { sink_ = std::move(sink); }
    // Whether a line is worth formatting.
    [[nodiscard]] bool wanted() const { return static_cast<bool>(sink_); }
    void say(SimTime time, std::string_view who, std::string_view what) const;

  private:
    void mix(uint64_t value);

    uint64_t hash_ = 0;
    std::function<void(std::string_view line)> sink_;
};

}  // namespace cairn::sim
