// A chunk server is away, and a write leaves it out. It may come back with what it holds: nothing
// is copied elsewhere before it is declared lost.
#include "sim/stories.h"

namespace cairn::sim {

void story_wait_silent(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    const std::vector<size_t> before = stage.in_sync();
    if (before.size() != 2)
        return;
    const size_t away = before[stage.dice().below(2)];
    const size_t other = 3 - before[0] - before[1];
    if (!stage.lose(away, writer))
        return;
    const auto copied = [&] {
        return stage.piece(other).has_value();
    };
    if (stage.until(copied, stage.some(seconds(3), seconds(9)))) {
        stage.cluster().state().failure = "a replica was replaced whose server is only silent";
        return;
    }
    stage.bring_back(stage.cs(away));
    if (stage.until([&] { return stage.in_sync().size() == 2; }) && !copied())
        stage.reached();
    stage.done(writer.write(1));
}

}  // namespace cairn::sim
