// A write reached one replica before its writer died, and the set is being made equal to another
// one. Whoever opens the file meanwhile may not see what will be gone.
#include "sim/stories.h"

namespace cairn::sim {

void story_gate(Stage& stage) {
    Actor& writer = stage.client(0);
    Actor& reader = stage.client(1);
    World& world = stage.world();
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0)))
        return;
    const size_t near = stage.read_first();
    for (size_t i = 0; i < 3; i++) {
        for (size_t other = 0; other < 3; other++) {
            // The comparison cannot go on: nobody gets blocks of another one.
            if (other != i)
                world.block(stage.cs_host(i), stage.cs_host(other));
        }
    }
    stage.die_writing_to_one(writer, near);
    if (!stage.until([&stage] { return stage.comparing(); }) ||
        !stage.done(reader.open(LeaseMode::shared)))
        return;
    stage.reached();
    const ActRef early = reader.read(0);
    stage.run_for(seconds(1));
    world.heal_network();
    if (stage.until([&stage] { return !stage.comparing(); }) && stage.done(early))
        stage.done(reader.read(0));
}

}  // namespace cairn::sim
