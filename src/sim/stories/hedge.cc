// The chunk server that a client reads from stands still for some seconds. A read costs a little
// more than usual, once or twice, and those that follow nothing.
#include "sim/stories.h"

namespace cairn::sim {

void story_hedge(Stage& stage) {
    Actor& client = stage.client(0);
    if (!stage.has_flushed(client))
        return;
    for (int i = 0; i < 40; i++) {
        if (!stage.done(client.read(0)))
            return;
    }
    SimCluster::Service& victim = stage.cs(stage.read_first());
    if (!victim.running())
        return;
    stage.world().stall(*victim.process, seconds(4));
    stage.reached();
    const SimTime began = stage.world().now();
    for (int i = 0; i < 10; i++)
        stage.done(client.read(0), seconds(4));
    if (stage.world().now() > began + seconds(1))
        stage.cluster().state().failure = "reads wait for a replica that stands still";
}

}  // namespace cairn::sim
