// Pulse: keeps an idle connection alive and notices a dead peer. Each end says something (a ping if
// nothing else) every interval, and gives the peer up after several intervals of silence. Intervals
// are counted, not time: after a stall of our own, one has passed.
#pragma once

#include "base/time.h"
#include "rpc/frame_sender.h"
#include "runtime/wait.h"

namespace cairn::rpc {

struct PulseOptions {
    Duration interval = seconds(2);
    uint32_t silent_intervals_max = 4;
};

class Pulse {
  public:
    Pulse(Loop& loop, FrameSender& sender, PulseOptions options)
        : loop_(loop), sender_(sender), options_(options) {}

    void heard() { heard_ = true; }
    // While we do not read by our own choice (flow control), silence says nothing.
    void set_deaf(bool deaf) { deaf_ = deaf; }
    // True when `stop` was set, false when the peer is dead.
    Task<bool> run(Event& stop);

  private:
    Loop& loop_;
    FrameSender& sender_;
    PulseOptions options_;
    bool heard_ = false;
    bool deaf_ = false;
};

}  // namespace cairn::rpc
