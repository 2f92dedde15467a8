// A writer's lease is revoked unheard, all servers confirm that, and another client reads. One of
// the servers is killed, starts again, and is cut off from the master as the old writer is: if it
// has forgotten what it confirmed, it takes the old writer's next write, and shows it.
#include "sim/stories.h"

namespace cairn::sim {

void story_durable_seal(Stage& stage) {
    Actor& old = stage.client(0);
    Actor& next = stage.client(1);
    World& world = stage.world();
    if (!stage.has_flushed(old))
        return;
    const size_t at = stage.read_first();
    World::Machines others = {&stage.mds_host(0)};
    for (size_t other = 0; other < 3; other++) {
        if (other != at)
            others.push_back(&stage.cs_host(other));
    }
    world.partition({&old.host()}, others);
    stage.cluster().revoke_leases_of(old.host().name());
    if (!stage.done(next.open(LeaseMode::shared)) || !stage.done(next.read(0)))
        return;
    stage.kill(stage.cs(at));
    stage.run_for(stage.some({}, seconds(1)));
    if (!stage.start_again(at))
        return;
    world.partition({&stage.cs_host(at)}, others);
    stage.run_for(stage.some({}, seconds(1)));
    stage.reached();
    const ActRef late = old.write(0);
    stage.run_for(seconds(1));
    stage.done(next.read(0));
}

}  // namespace cairn::sim
