// A disk answers every write with an error for a while. Its chunk server is given up, clients
// notice nothing but the time that takes, and when the disk is mended the replica is brought back.
#include "sim/stories.h"

namespace cairn::sim {

void story_disk_error(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    const size_t victim = stage.dice().below(3);
    DiskDevice& disk = stage.cs_host(victim).disk_of(stage.cs(victim).path);
    DiskFaults faults = FaultPlan::none().disk;
    faults.write_error = 1'000'000;
    disk.set_faults(faults);
    if (!stage.done(writer.write(0)) || !stage.done(writer.write(1)) || !stage.done(writer.flush()))
        return;
    stage.reached();
    stage.run_for(stage.some({}, seconds(5)));
    disk.heal();
    stage.until([&stage, victim] { return stage.piece(victim) == PieceState::in_sync; });
    stage.done(writer.read(0));
}

}  // namespace cairn::sim
