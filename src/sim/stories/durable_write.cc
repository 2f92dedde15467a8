// A write that was to be durable is answered, and every host loses power without a flush; so does
// one that a flush follows, after enough of them for the client to expect that.
#include "sim/stories.h"

namespace cairn::sim {

void story_durable_write(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.done(writer.open(LeaseMode::exclusive)))
        return;
    const bool asked = stage.dice().below(2) == 0;
    if (asked && !stage.done(writer.write_durable(1)))
        return;
    for (int i = 0; !asked && i < 8; i++) {
        if (!stage.done(writer.write(1)) || !stage.done(writer.flush()))
            return;
    }
    stage.reached();
    World::Machines all;
    for (size_t i = 0; i < 3; i++)
        all.push_back(&stage.cs_host(i));
    stage.cut_power(all, seconds(1));
    Actor& reader = stage.client(1);
    stage.run_for(seconds(2));
    if (stage.done(reader.open(LeaseMode::shared)))
        stage.done(reader.read(1));
}

}  // namespace cairn::sim
