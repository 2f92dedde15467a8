// A chunk server is away, and a write leaves it out. It may come back with what it holds: nothing
// is copied elsewhere before it is declared lost.
#include "sim/stories.h"

namespace cairn::sim {

void story_wait_silent(Stage& stage) {
    Actor& writer = stage.client(0);
    const auto servers = stage.has_flushed_to_two(writer);
    if (!servers)
        return;
    const auto [away, other] = *servers;
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
