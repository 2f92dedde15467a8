#include "rpc/pulse.h"

namespace cairn::rpc {

Task<bool> Pulse::run(Event& stop) {
    uint32_t silent = 0;
    uint64_t writes_seen = 0;
    while (true) {
        const bool stopped = co_await stop.wait_until(loop_.now() + options_.interval);
        if (stopped)
            co_return true;
        silent = heard_ || deaf_ ? 0 : silent + 1;
        heard_ = false;
        if (silent >= options_.silent_intervals_max)
            co_return false;
        // What waits in the queue will be heard as well as a ping.
        const bool quiet = sender_.writes() == writes_seen && sender_.queued_bytes() == 0;
        writes_seen = sender_.writes();
        if (quiet) {
            sender_.push({.kind = FrameKind::ping}, {}, {});
            writes_seen++;  // the ping's own write is not a reason to leave out the next
        }
    }
}

}  // namespace cairn::rpc
