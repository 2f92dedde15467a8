// A chunk server comes back, and others' files have filled its disk meanwhile: what it has no space
// for is made on another one, and it loses its old replica.
#include "sim/stories.h"

namespace cairn::sim {

void story_pass_over_full(Stage& stage) {
    Actor& writer = stage.client(0);
    const auto servers = stage.has_flushed_to_two(writer);
    if (!servers)
        return;
    const auto [away, other] = *servers;
    if (!stage.lose(away, writer) || !stage.done(writer.write(1, 8)))
        return;
    FileTree& disk = stage.cs_host(away).disk_of(stage.cs(away).path).tree();
    disk.set_foreign_usage(disk.capacity() - disk.used() - SimCluster::cs_margin_bytes);
    stage.bring_back(stage.cs(away));
    stage.reached();
    const auto stands_elsewhere = [&] {
        return stage.piece(other) == PieceState::in_sync && !stage.piece(away).has_value();
    };
    if (!stage.until(stands_elsewhere, seconds(60))) {
        stage.cluster().state().failure = "a chunk waits for a server that is full";
        return;
    }
    stage.done(writer.write(2));
    disk.set_foreign_usage(0);
}

}  // namespace cairn::sim
