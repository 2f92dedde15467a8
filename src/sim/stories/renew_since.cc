// One of two replicas answered a write and then lost it with its power; the other one, which the
// write has not reached yet, is what the two are made equal to. The answer is worth nothing.
#include "sim/stories.h"

namespace cairn::sim {

void story_renew_since(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    const size_t first = stage.dice().below(2);
    stage.world().block(writer.host(), stage.cs_host(1 - first));
    const ActRef write = writer.write(0);
    stage.run_for(milliseconds(20));
    stage.cut_power({&stage.cs_host(first)}, stage.some(milliseconds(50), seconds(1)));
    if (!stage.until([&stage] { return stage.comparing(); }, seconds(7)) ||
        !stage.until([&stage] { return !stage.comparing(); }, seconds(5)))
        return;
    stage.reached();
    stage.world().heal_network();
    stage.done(write);
}

}  // namespace cairn::sim
