// A reader knows that there is nothing at a place. Its lease is taken away unheard, and its
// successor writes there; no chunk server that the reader knows of would refuse it.
#include "sim/stories.h"

namespace cairn::sim {

void story_hole(Stage& stage) {
    constexpr uint64_t block = 20;  // of the second chunk, which nobody made
    Actor& old = stage.client(0);
    Actor& next = stage.client(1);
    if (!stage.done(old.open(LeaseMode::shared)) || !stage.done(old.read(block)))
        return;
    stage.world().partition({&old.host()}, {&stage.mds_host(0)});
    stage.cluster().revoke_leases_of(old.host().name());
    if (!stage.done(next.open(LeaseMode::exclusive)) || !stage.done(next.write(block)))
        return;
    stage.reached();
    stage.done(old.read(block), seconds(2));
}

}  // namespace cairn::sim
