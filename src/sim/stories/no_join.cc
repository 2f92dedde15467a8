// A writer that lost its lease has reached one of two replicas. While they are being compared a
// third comes back, and would copy from the one that the comparison overrules.
#include "sim/stories.h"

namespace cairn::sim {

void story_no_join(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.lose(2, writer))
        return;
    Machine& decides = stage.cs_host(stage.in_sync().front());
    Machine& overruled = stage.cs_host(stage.in_sync().back());
    World& world = stage.world();
    world.block(writer.host(), decides);
    static_cast<void>(writer.write(0));
    stage.run_for(milliseconds(100));
    // The comparison is held up, in its seal and then in its copy.
    world.block(stage.mds_host(0), decides);
    world.block(decides, overruled);
    stage.cluster().revoke_leases_of(writer.host().name());
    if (!stage.until([&stage] { return stage.comparing(); }, seconds(3)))
        return;
    stage.bring_back(stage.cs(2));
    stage.until([&stage] { return stage.piece(2).has_value(); },
                stage.some(seconds(1), seconds(2)));
    stage.reached();
    // Its copy is there when the comparison has begun to copy, too.
    stage.cs_host(2).disk_of(stage.cs(2).path).set_slowness(milliseconds(300));
    world.unblock(stage.mds_host(0), decides);
    stage.until([&stage] { return stage.piece(2) == PieceState::in_sync; }, seconds(2));
    world.heal_network();
    stage.until([&stage] { return !stage.comparing(); });
}

}  // namespace cairn::sim
