// A writer and one chunk server are cut off from the rest. The server is declared lost and leaves,
// the writer's lease runs out, another client writes; nobody tells the two of it.
#include "sim/stories.h"

namespace cairn::sim {

void story_lease_clock(Stage& stage) {
    Actor& old = stage.client(0);
    Actor& next = stage.client(1);
    if (!stage.has_flushed(old))
        return;
    stage.cut_off({&old.host(), &stage.cs_host(stage.read_first())});
    if (!stage.done(next.open(LeaseMode::exclusive)) || !stage.done(next.write(0)))
        return;
    stage.reached();
    stage.done(old.read(0), stage.some(seconds(1), seconds(3)));
}

}  // namespace cairn::sim
