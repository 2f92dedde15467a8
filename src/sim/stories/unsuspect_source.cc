// One of two replicas loses power, and cannot leave because both are needed. The other one has all
// that was written: the two are made equal to that one.
#include "sim/stories.h"

namespace cairn::sim {

void story_unsuspect_source(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.done(writer.write(0)))
        return;
    stage.cut_power({&stage.cs_host(stage.dice().below(2))}, milliseconds(200));
    if (!stage.until([&stage] { return stage.comparing(); }) ||
        !stage.until([&stage] { return !stage.comparing(); }))
        return;
    stage.reached();
    stage.done(writer.read(0));
}

}  // namespace cairn::sim
