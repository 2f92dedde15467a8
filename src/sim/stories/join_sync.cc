// A write reached one replica before its writer died. The others are made equal to that one; then
// one of them loses power. Nobody has the file open for writing: it is believed when it comes back.
#include "sim/stories.h"

namespace cairn::sim {

void story_join_sync(Stage& stage) {
    Actor& writer = stage.client(0);
    World& world = stage.world();
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0)) ||
        !stage.done(writer.flush()))
        return;
    const size_t source = Stage::index_of(stage.chunk()->pieces.begin()->cs);
    for (size_t i = 0; i < 3; i++) {
        if (i != source)
            world.block(writer.host(), stage.cs_host(i));
    }
    writer.write(0);
    stage.run_for(milliseconds(20));
    world.cut_power(writer.host());
    stage.cluster().revoke_leases_of(writer.host().name());
    if (!stage.until([&stage] { return stage.comparing(); }) ||
        !stage.until([&stage] { return !stage.comparing(); }))
        return;
    stage.reached();
    stage.cut_power({&stage.cs_host((source + 1) % 3)}, milliseconds(300));
    stage.run_for(seconds(2));
}

}  // namespace cairn::sim
