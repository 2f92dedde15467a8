// A writer has a map in which a replica joins; that the join completed tells it nothing, for no
// version was raised. It writes and flushes, the joiner's host loses power, and before that starts
// again the chunk, flushed, is no longer marked: what the joiner has is believed.
#include "sim/stories.h"

namespace cairn::sim {

void story_flush_joiners(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.lose(2, writer))
        return;
    const auto joiner_is = [&stage](PieceState state) {
        return stage.until([&stage, state] { return stage.piece(2) == state; });
    };
    DiskDevice& disk = stage.cs_host(2).disk_of(stage.cs(2).path);
    disk.set_slowness(milliseconds(200));
    stage.bring_back(stage.cs(2));
    if (!joiner_is(PieceState::joining) || !stage.done(writer.write(1)))
        return;
    disk.set_slowness({});
    if (!joiner_is(PieceState::in_sync) || !stage.done(writer.write(0)) ||
        !stage.done(writer.flush()))
        return;
    stage.cut_power({&stage.cs_host(2)}, stage.some(seconds(1), seconds(3)));
    if (!stage.until([&stage] { return !stage.chunk()->marked; }, seconds(2)))
        return;
    stage.reached();
    stage.until([&stage] { return stage.cs(2).running(); });
    stage.run_for(seconds(2));
}

}  // namespace cairn::sim
