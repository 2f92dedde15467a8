// The rules that a chunk server keeps. All hold in every program; the simulator breaks one at a
// time, on purpose, to show that its checkers notice.
#pragma once

namespace cairn::chunk {

struct ServiceRules {
    // A request older in version or epoch than what this server was told is refused.
    bool refuse_older = true;
    // A seal or fence is answered only when nothing older still runs.
    bool drain_before_seal = true;
    // A seal or fence is answered only when it is durable.
    bool seal_is_durable = true;
    // A copy never overwrites a block that a client wrote since the join or comparison was heard
    // of.
    bool guard_client_blocks = true;
    // What a client's write failed to write here, no copy leaves out.
    bool forget_failed_writes = true;
    // What clients wrote is remembered from when the version was first heard of, from client or
    // master.
    bool remember_from_first_hearing = true;
    // A joiner is complete, and a compared replica equal, only after syncing.
    bool sync_before_complete = true;
    // A write that is to be durable is answered only when it is.
    bool sync_durable_writes = true;
    // After an unclean start nothing is answered before the master readmits the replica.
    bool refuse_until_admitted = true;
    // Nothing is answered before a master has accepted the start: it may be one of an old copy.
    bool answer_accepted_only = true;
    // Orders from a master behind one already heard are refused.
    bool refuse_masters_behind = true;
};

}  // namespace cairn::chunk
