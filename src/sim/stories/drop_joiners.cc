// A write reaches a joining replica and, before its writer's lease is taken away, no other one. The
// comparison that follows finds the others equal; the joiner keeps what a client wrote.
#include "sim/stories.h"

namespace cairn::sim {

void story_drop_joiners(Stage& stage) {
    Actor& writer = stage.client(0);
    Actor& reader = stage.client(1);
    if (!stage.has_flushed(writer) || !stage.lose(2, writer))
        return;
    const size_t source = stage.in_sync().back();
    stage.world().block(stage.cs_host(source), stage.cs_host(2));
    stage.bring_back(stage.cs(2));
    const bool joins = stage.until([&stage] { return stage.piece(2) == PieceState::joining; });
    // So the writer hears of the joiner.
    if (!joins || !stage.done(writer.write(1)))
        return;
    for (const size_t other : stage.in_sync())
        stage.world().block(writer.host(), stage.cs_host(other));
    static_cast<void>(writer.write(0));
    stage.run_for(stage.some(milliseconds(100), milliseconds(500)));
    stage.cluster().revoke_leases_of(writer.host().name());
    if (!stage.until([&stage] { return stage.comparing(); }, seconds(3)))
        return;
    stage.reached();
    stage.world().heal_network();
    if (stage.done(reader.open(LeaseMode::shared)))
        stage.done(reader.read(0));
}

}  // namespace cairn::sim
