// Two of three hosts lose power, and with it what was written but not flushed; the third has it,
// but its chunk server is down. It is missed, and must not leave: those that would remain do not
// answer, and are in doubt when they do.
#include "sim/stories.h"

namespace cairn::sim {

void story_leave_answering(Stage& stage) {
    Actor& writer = stage.client(0);
    Actor& reader = stage.client(1);
    if (!stage.has_flushed(writer) || !stage.done(writer.write(0)) || !stage.done(writer.read(0)))
        return;
    stage.kill(stage.cs(0));
    stage.cut_power({&stage.cs_host(1), &stage.cs_host(2)}, stage.some(seconds(3), seconds(8)));
    // Missed by its writer, or by the master, which waits three seconds for an answer: both before
    // the silence of the others is noticed.
    if (stage.dice().below(2) == 0) {
        stage.run_for(stage.some(milliseconds(2'100), seconds(3)));
        static_cast<void>(writer.write(1));
    } else {
        stage.run_for(stage.some(milliseconds(10), seconds(1)));
        stage.cluster().revoke_leases_of(writer.host().name());
    }
    stage.run_for(stage.some(seconds(4), seconds(10)));
    stage.reached();
    stage.bring_back(stage.cs(0));
    stage.cluster().revoke_leases_of(writer.host().name());
    if (stage.done(reader.open(LeaseMode::shared)))
        stage.done(reader.read(0));
}

}  // namespace cairn::sim
