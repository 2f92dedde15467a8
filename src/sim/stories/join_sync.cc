// A replica that was away has just become in sync again, with everything that had been flushed
// meanwhile, when its host loses power. Nobody writes: it is believed when it comes back.
#include "sim/stories.h"

namespace cairn::sim {

void story_join_sync(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0)) ||
        !stage.done(writer.flush()))
        return;
    const size_t joiner = stage.dice().below(3);
    stage.kill(stage.cs(joiner));
    if (!stage.done(writer.write(0)) || !stage.done(writer.close()))
        return;
    stage.bring_back(stage.cs(joiner));
    const auto in_sync = [&stage, joiner] {
        return stage.piece(joiner) == PieceState::in_sync;
    };
    if (!stage.until([&stage, joiner] { return stage.piece(joiner) != PieceState::in_sync; }) ||
        !stage.until(in_sync))
        return;
    stage.reached();
    stage.cut_power({&stage.cs_host(joiner)}, milliseconds(300));
    stage.run_for(seconds(3));
    for (size_t i = 0; i < 3; i++) {
        if (i != joiner)
            stage.kill(stage.cs(i));
    }
    Actor& reader = stage.client(1);
    if (stage.done(reader.open(LeaseMode::shared)))
        stage.done(reader.read(0), seconds(8));
}

}  // namespace cairn::sim
