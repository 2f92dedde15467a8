// The rules that a client keeps so that its writes and reads are right. All hold in every program;
// the simulator breaks one at a time, on purpose, to show that its checkers notice.
#pragma once

namespace cairn::client {

struct Rules {
    // Requests of this client that overlap on a block wait for each other.
    bool order_overlapping = true;
    // An answer that a piece gave under a version older than its `since` does not count.
    bool void_old_answers = true;
    // Nothing completes after the lease ran out by this client's clock.
    bool complete_within_lease = true;
    // A chunk is read only where this client's own map calls it equal.
    bool read_only_equal = true;
    // A write or a flush completes only with the minimum of replicas in sync.
    bool keep_minimum = true;
    // A flush waits for joining replicas too.
    bool flush_joiners = true;
    // A write that ended while a flush ran is left for the next flush.
    bool flush_what_ended_last = true;
    // A write fails for want of space only once all replicas are being made equal to the full one.
    bool fail_made_equal = true;
    // A view from behind one that was seen before is not accepted.
    bool refuse_older_views = true;
    // What no chunk server guards, a hole, is answered only with the lease confirmed by the master
    // since the question came.
    bool confirm_holes = true;
    // Where a replica is late with a read, another one is asked as well.
    bool hedge_reads = true;
    // A chunk is marked open for writing before its first write under a lease.
    bool mark_before_write = true;
};

}  // namespace cairn::client
