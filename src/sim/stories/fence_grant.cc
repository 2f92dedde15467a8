// A reader's lease is revoked unheard while the log is slow, and the next owner's request to open
// comes between: it is agreed on right behind the end of the old lease, before any chunk server has
// heard of that. One cannot hear of it, leaves its set unsealed, and serves the old reader what the
// new owner has overwritten elsewhere.
#include "sim/stories.h"

namespace cairn::sim {

void story_fence_grant(Stage& stage) {
    Actor& old = stage.client(0);
    Actor& next = stage.client(1);
    World& world = stage.world();
    if (!stage.done(old.open(LeaseMode::exclusive)) || !stage.done(old.write(0)) ||
        !stage.done(old.close()) || !stage.done(old.open(LeaseMode::shared)) ||
        !stage.done(old.read(0)))
        return;
    const size_t at = stage.read_first();
    World::Machines others = {&stage.mds_host(0), &next.host()};
    for (size_t other = 0; other < 3; other++) {
        if (other != at)
            others.push_back(&stage.cs_host(other));
    }
    world.partition({&old.host(), &stage.cs_host(at)}, others);
    DiskDevice& log = stage.mds_host(0).disk_of("/mds");
    log.set_slowness(stage.some(milliseconds(100), milliseconds(500)));
    stage.cluster().revoke_leases_of(old.host().name());
    const ActRef opened = next.open(LeaseMode::exclusive);
    stage.run_for(seconds(2));
    log.set_slowness({});
    if (!stage.done(opened) || !stage.done(next.write(0)))
        return;
    stage.reached();
    stage.done(old.read(0), stage.some(seconds(1), seconds(3)));
}

}  // namespace cairn::sim
