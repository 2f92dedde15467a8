// A set that is at its minimum is compared while its writer goes on. The write comes under the new
// version to one replica before the seal does, and late to the comparison's source, from which the
// old block is copied meanwhile.
#include "sim/stories.h"

namespace cairn::sim {

void story_remember(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    const std::vector<size_t> replicas = stage.in_sync();
    Machine& source = stage.cs_host(replicas[0]);
    Machine& target = stage.cs_host(replicas[1]);
    stage.world().block(writer.host(), source);
    stage.world().block(stage.mds_host(0), target);
    stage.cut_power({&stage.cs_host(replicas[2])}, stage.some(milliseconds(100), seconds(1)));
    if (!stage.until([&stage] { return stage.comparing(); }, seconds(3)))
        return;
    const ActRef late = writer.write(0);
    stage.run_for(stage.some(milliseconds(300), seconds(1)));
    stage.reached();
    stage.world().unblock(stage.mds_host(0), target);
    stage.until([&stage] { return !stage.comparing(); }, seconds(3));
    stage.world().heal_network();
    stage.done(late);
}

}  // namespace cairn::sim
