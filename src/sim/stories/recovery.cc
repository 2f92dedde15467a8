// A chunk server dies for good. Its replica is made anew on another host, while clients go on; then
// the host that held the other one is away, and what was written is there.
#include "sim/stories.h"

namespace cairn::sim {

void story_recovery(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.done(writer.write(1)) || !stage.done(writer.flush()))
        return;
    const std::vector<size_t> before = stage.in_sync();
    if (before.size() != 2)
        return;
    const size_t lost = before[stage.dice().below(2)];
    const size_t kept = before[0] + before[1] - lost;
    stage.kill(stage.cs(lost));
    // Whether or not somebody writes meanwhile.
    if (stage.dice().below(2) == 0)
        stage.done(writer.write(2));
    else
        stage.done(writer.close());
    const auto made_anew = [&] {
        return stage.in_sync().size() == 2 && !stage.piece(lost);
    };
    if (!stage.until(made_anew, seconds(60))) {
        stage.cluster().state().failure = "what a dead server held was not made anew";
        return;
    }
    stage.done(writer.close());
    stage.reached();
    stage.kill(stage.cs(kept));
    Actor& reader = stage.client(1);
    if (stage.done(reader.open(LeaseMode::shared))) {
        stage.done(reader.read(0));
        stage.done(reader.read(1));
    }
    stage.bring_back(stage.cs(kept));
    stage.bring_back(stage.cs(lost));
}

}  // namespace cairn::sim
