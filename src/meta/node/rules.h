// Switches that the simulator sets to false to show that each rule is needed. On in every program.
#pragma once

namespace cairn::meta {

struct LogStoreRules {
    // What was not acknowledged is cut; what was and is damaged is an error, never cut.
    bool tell_damage_from_tear = true;
    // A group is on stable media before it counts as written.
    bool write_durably = true;
};

struct MetaNodeRules {
    // confirm_master() asks a majority. Else a deposed master answers what is no longer true.
    bool confirm_before_answer = true;
    // A server that comes back with less in its log than it was seen to have is not listened to.
    bool refuse_restored_peers = true;
    // A proposal is answered when it is agreed on and applied.
    bool apply_before_answer = true;
};

}  // namespace cairn::meta
