// A write has reached two replicas and not the third yet. That they differ is no fault of any of
// them, and nobody says so.
#include "sim/stories.h"

namespace cairn::sim {

void story_quiet_digests(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    const size_t slow = stage.dice().below(3);
    for (int i = 0; i < 4; i++) {
        stage.world().block(writer.host(), stage.cs_host(slow));
        const ActRef late = writer.write(static_cast<uint64_t>(i));
        stage.run_for(stage.some(milliseconds(500), milliseconds(1500)));
        stage.world().heal_network();
        stage.done(late);
    }
    stage.reached();
    stage.done(writer.flush());
    stage.done(writer.read(0));
}

}  // namespace cairn::sim
