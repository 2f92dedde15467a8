// Every replica loses power and with it what was written and not flushed. The writer is still
// there: a flush of it must not succeed.
#include "sim/stories.h"

namespace cairn::sim {

void story_end_lease(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.done(writer.write(0)))
        return;
    stage.run_for(milliseconds(1));
    stage.cut_power({&stage.cs_host(0), &stage.cs_host(1)},
                    stage.some(milliseconds(200), seconds(2)));
    stage.run_for(milliseconds(300));
    stage.reached();
    const ActRef flush = writer.flush();
    stage.run_for(seconds(20));
    stage.done(stage.client(1).open(LeaseMode::shared));
    stage.done(stage.client(1).read(0));
}

}  // namespace cairn::sim
