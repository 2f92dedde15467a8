// One of two replicas, which is all that the minimum asks for, is down for a while and is missed by
// the writer. Then the host of the other loses power, and what was not flushed with it; the first
// has it.
#include "sim/stories.h"

namespace cairn::sim {

void story_leave_minimum(Stage& stage) {
    Actor& writer = stage.client(0);
    Actor& reader = stage.client(1);
    if (!stage.has_flushed(writer) || !stage.lose(2, writer) || !stage.done(writer.write(0)) ||
        !stage.done(writer.read(0)))
        return;
    const size_t missed = stage.dice().below(2);
    stage.kill(stage.cs(missed));
    static_cast<void>(writer.write(1));
    stage.run_for(stage.some(milliseconds(100), seconds(1)));
    stage.reached();
    stage.cut_power({&stage.cs_host(1 - missed)}, stage.some(milliseconds(100), seconds(1)));
    stage.run_for(stage.some(seconds(1), seconds(3)));
    stage.bring_back(stage.cs(missed));
    stage.bring_back(stage.cs(2));
    stage.cluster().revoke_leases_of(writer.host().name());
    if (stage.done(reader.open(LeaseMode::shared)))
        stage.done(reader.read(0));
}

}  // namespace cairn::sim
