// Two of three servers are declared lost: one replica remains, and two are needed for a write.
#include "sim/stories.h"

namespace cairn::sim {

void story_minimum(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0)))
        return;
    const size_t left = stage.dice().below(3);
    for (size_t i = 0; i < 3; i++) {
        if (i != left)
            stage.kill(stage.cs(i));
    }
    const auto alone = [&stage, left] {
        return !stage.piece((left + 1) % 3) && !stage.piece((left + 2) % 3);
    };
    if (!stage.until(alone))
        return;
    stage.reached();
    stage.done(writer.write(0), stage.some(seconds(1), seconds(4)));
}

}  // namespace cairn::sim
