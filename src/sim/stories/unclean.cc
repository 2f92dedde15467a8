// A host loses power and what was written there, and its chunk server answers the writer's flush
// before any master has heard of its start. The mark goes off: nobody doubts the replica any more.
#include "sim/stories.h"

namespace cairn::sim {

void story_unclean(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.done(writer.write(0)))
        return;
    const size_t victim = stage.dice().below(3);
    stage.run_for(milliseconds(1));
    stage.cut_power({&stage.cs_host(victim)}, milliseconds(100));
    stage.world().block(stage.cs_host(victim), stage.mds_host(0));
    if (!stage.until([&stage, victim] { return stage.cs(victim).running(); }))
        return;
    stage.run_for(milliseconds(100));
    stage.reached();
    stage.done(writer.flush(), stage.some(seconds(1), seconds(4)));
    // Idle for so long that the mark goes off.
    stage.run_for(seconds(1));
    stage.world().heal_network();
    stage.run_for(seconds(4));
    for (size_t i = 0; i < 3; i++) {
        if (i != victim)
            stage.kill(stage.cs(i));
    }
    stage.done(writer.read(0), seconds(8));
}

}  // namespace cairn::sim
