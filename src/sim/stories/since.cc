// A replica answered a write, was declared lost, and came back as a copy of one that the write has
// not reached. The write may not complete without reaching it again.
#include "sim/stories.h"

namespace cairn::sim {

void story_since(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    const size_t first = stage.dice().below(3);
    for (size_t i = 0; i < 3; i++) {
        if (i != first)
            stage.world().block(writer.host(), stage.cs_host(i));
    }
    const ActRef write = writer.write(0);
    stage.run_for(milliseconds(20));
    stage.kill(stage.cs(first));
    if (!stage.until([&] { return !stage.piece(first); }, seconds(5)))
        return;
    stage.bring_back(stage.cs(first));
    if (!stage.until([&] { return stage.piece(first) == PieceState::in_sync; }, seconds(4)))
        return;
    stage.reached();
    stage.world().heal_network();
    stage.done(write);
}

}  // namespace cairn::sim
