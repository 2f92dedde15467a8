// A write is held in the network when its connection breaks. The client learns of that first: it
// writes the block again over a new connection, and then once more; then what was held arrives at
// the chunk server, over a connection of which it does not know yet that it is broken.
#include "sim/stories.h"

namespace cairn::sim {

void story_drain_session(Stage& stage) {
    constexpr int attempts = 8;  // who learns of the break first is not for us to say
    Actor& writer = stage.client(0);
    World& world = stage.world();
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0)))
        return;
    Machine& server = stage.cs_host(stage.read_first());
    for (int i = 0; i < attempts; i++) {
        world.block(writer.host(), server);
        const ActRef held = writer.write(0);
        stage.run_for(milliseconds(20));
        world.lose_connections(writer.host(), server);
        stage.run_for(stage.some({}, seconds(1)));
        world.heal_network();
        if (!stage.done(held) || !stage.done(writer.write(0)))
            return;
        stage.reached();
        stage.run_for(seconds(1));
        if (!stage.done(writer.read(0)))
            return;
    }
}

}  // namespace cairn::sim
