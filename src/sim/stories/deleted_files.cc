// A chunk's file is deleted under the running server that has it open, by somebody who tidies up.
// That it is gone is noticed, and the replica is made anew where it was.
#include "sim/stories.h"

namespace cairn::sim {

void story_deleted_files(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0, 8)) ||
        !stage.done(writer.flush()))
        return;
    const size_t index = stage.dice().below(3);
    SimCluster::Service& victim = stage.cs(index);
    const std::string file = victim.path + "/chunks/01/0000000000000001.chunk";
    // In place or still in the journal, open or not.
    stage.run_for(stage.some({}, seconds(35)));
    if (stage.dice().below(2) == 0) {
        stage.kill(victim);
        stage.bring_back(victim);
        stage.run_for(seconds(2));
    }
    const bool written_meanwhile = stage.dice().below(2) == 0;
    if (!written_meanwhile)
        stage.done(writer.close());
    if (!victim.machine->peek(file) || stage.in_sync().size() != 3 || !victim.machine->unlink(file))
        return;
    stage.reached();
    if (written_meanwhile && (!stage.done(writer.write(1)) || !stage.done(writer.close())))
        return;
    const auto there_again = [&] {
        return victim.machine->peek(file) && stage.piece(index) == PieceState::in_sync;
    };
    if (!stage.until(there_again, seconds(120))) {
        stage.cluster().state().failure = "a deleted chunk file was not made anew";
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        if (i != index)
            stage.kill(stage.cs(i));
    }
    Actor& reader = stage.client(1);
    if (stage.done(reader.open(LeaseMode::shared))) {
        stage.done(reader.read(0));
        stage.done(reader.read(1));
    }
    for (size_t i = 0; i < 3; i++)
        stage.bring_back(stage.cs(i));
}

}  // namespace cairn::sim
