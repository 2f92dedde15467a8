// A client's write is refused by a joining replica that has too little space for it; the copy has
// room enough, and must not pass over what was not written: the replica that is full becomes the
// source to which all are made equal.
#include "sim/stories.h"

namespace cairn::sim {

void story_failed_writes(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.lose(2, writer) || !stage.done(writer.write(1)))
        return;
    const size_t source = stage.in_sync().back();
    Machine& joiner = stage.cs_host(2);
    FileTree& disk = joiner.disk_of(stage.cs(2).path).tree();
    constexpr uint64_t room = 32 * kib;
    disk.set_foreign_usage(disk.capacity() - disk.used() - SimCluster::cs_margin_bytes - room);
    stage.world().block(stage.cs_host(source), joiner);
    stage.bring_back(stage.cs(2));
    // So the writer hears of the joiner.
    if (!stage.until([&stage] { return stage.piece(2) == PieceState::joining; }) ||
        !stage.done(writer.write(0)))
        return;
    static_cast<void>(writer.write(1, 12));
    stage.world().block(writer.host(), stage.mds_host(0));
    stage.run_for(stage.some(milliseconds(1), milliseconds(10)));
    stage.world().unblock(stage.cs_host(source), joiner);
    stage.until([&stage] { return stage.piece(2) == PieceState::in_sync; }, seconds(10));
    // Without an answer from one of the others the full one may not leave.
    const size_t other = stage.in_sync().front();
    stage.kill(stage.cs(other));
    stage.reached();
    stage.world().heal_network();
    stage.done(writer.read(1), seconds(10));
    stage.bring_back(stage.cs(other));
    disk.set_foreign_usage(0);
    stage.done(writer.read(1));
}

}  // namespace cairn::sim
