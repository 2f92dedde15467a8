// A joining replica's disk is full, and one of the two in sync does not answer. The joiner may
// leave: a write that only the other took goes on, and does not fail, as nobody makes the two
// equal.
#include "sim/stories.h"

namespace cairn::sim {

void story_full_write(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.lose(2, writer))
        return;
    const size_t source = stage.in_sync().back();
    const size_t other = stage.in_sync().front();
    stage.world().block(stage.cs_host(source), stage.cs_host(2));
    stage.bring_back(stage.cs(2));
    const auto joins = [&stage] {
        return stage.piece(2) == PieceState::joining;
    };
    if (!stage.until(joins))
        return;
    constexpr uint64_t everything = 64 * mib;
    stage.cs_host(2).disk_of(stage.cs(2).path).set_foreign_usage(everything);
    stage.kill(stage.cs(other));
    // Of what has no space there yet.
    const ActRef write = writer.write(1);
    stage.run_for(stage.some(seconds(6), seconds(15)));
    stage.reached();
    static_cast<void>(writer.read(1));
    stage.run_for(seconds(1));
    stage.world().heal_network();
    stage.bring_back(stage.cs(other));
    stage.run_for(stage.some(seconds(1), seconds(3)));
    stage.kill(stage.cs(source));
    stage.done(writer.read(1), seconds(3));
    stage.bring_back(stage.cs(source));
    stage.cs_host(2).disk_of(stage.cs(2).path).set_foreign_usage(0);
    stage.done(write);
}

}  // namespace cairn::sim
