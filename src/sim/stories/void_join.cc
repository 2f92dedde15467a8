// A joiner has taken a write that its source has yet to get, and starts again before the copy is
// ordered: the order finds it there, at the same address, before the master hears that it started.
// It no longer knows which blocks were written by clients.
#include "sim/stories.h"

namespace cairn::sim {

namespace {

// The first metadata server, which everybody asks first, is gone: who starts takes a while to find
// the master.
bool lose_first_mds(Stage& stage) {
    // By then the others vote.
    stage.run_for(seconds(2));
    stage.kill(stage.mds(0));
    stage.cut_power({&stage.mds_host(0)}, seconds(3600));
    return stage.until(
        [&stage] {
            const meta::Master* master = stage.cluster().master();
            return master != nullptr && master->servers.answering().size() == 3;
        },
        seconds(60));
}

}  // namespace

void story_void_join(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!lose_first_mds(stage) || !stage.done(writer.open(LeaseMode::exclusive)) ||
        !stage.done(writer.write(0)) || !stage.done(writer.flush()) || !stage.lose(2, writer))
        return;
    Machine& master = stage.mds_host(stage.master_index().value());
    Machine& sealed_late = stage.cs_host(stage.in_sync().front());
    Machine& source = stage.cs_host(stage.in_sync().back());
    stage.world().block(master, sealed_late);
    stage.bring_back(stage.cs(2));
    const bool joins = stage.until([&stage] { return stage.piece(2) == PieceState::joining; });
    // So the writer hears of the joiner.
    if (!joins || !stage.done(writer.write(1)))
        return;
    stage.world().block(writer.host(), source);
    const ActRef late = writer.write(0);
    stage.run_for(milliseconds(100));
    stage.kill(stage.cs(2));
    stage.bring_back(stage.cs(2));
    stage.run_for(stage.some(milliseconds(50), milliseconds(500)));
    stage.reached();
    stage.world().unblock(master, sealed_late);
    stage.until([&stage] { return stage.piece(2) == PieceState::in_sync; }, seconds(2));
    stage.world().heal_network();
    stage.done(late);
}

}  // namespace cairn::sim
