// A chunk server leaves unheard, on the side of a writer that does not hear of its lease's end
// either. Until that lease has run out by its own clock, the writer reads there what was.
#include "sim/stories.h"

namespace cairn::sim {

void story_leavers_hold(Stage& stage) {
    Actor& old = stage.client(0);
    Actor& next = stage.client(1);
    if (!stage.has_flushed(old))
        return;
    const size_t near = stage.read_first();
    stage.cut_off({&old.host(), &stage.cs_host(near)});
    // Declared lost, it leaves.
    if (!stage.until([&stage, near] { return !stage.piece(near); }))
        return;
    stage.reached();
    stage.cluster().revoke_leases_of(old.host().name());
    if (!stage.done(next.open(LeaseMode::exclusive)) || !stage.done(next.write(0)))
        return;
    stage.done(old.read(0), seconds(2));
}

}  // namespace cairn::sim
