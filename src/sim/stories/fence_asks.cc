// A write is on its way to one replica when its writer's lease is taken away. It lands after the
// next owner has read the block on another one.
#include "sim/stories.h"

namespace cairn::sim {

void story_fence_asks(Stage& stage) {
    Actor& old = stage.client(0);
    Actor& next = stage.client(1);
    if (!stage.done(old.open(LeaseMode::exclusive)) || !stage.done(old.write(0)) ||
        !stage.done(old.flush()))
        return;
    for (size_t i = 0; i < 3; i++)
        stage.world().block(old.host(), stage.cs_host(i));
    old.write(0);
    stage.run_for(milliseconds(50));
    stage.world().block(stage.mds_host(0), old.host());
    stage.cluster().revoke_leases_of(old.host().name());
    if (!stage.done(next.open(LeaseMode::shared), seconds(6)) || !stage.done(next.read(0)))
        return;
    stage.reached();
    stage.world().heal_network();
    stage.run_for(milliseconds(100));
    // Whichever replica it read: the others, one after the other.
    for (size_t i = 0; i < 2; i++) {
        stage.kill(stage.cs(i));
        stage.done(next.read(0), seconds(8));
    }
}

}  // namespace cairn::sim
