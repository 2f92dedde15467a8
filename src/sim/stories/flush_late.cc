// A write is sent again to one replica, because its connection broke, and a flush that began after
// the write gets there first. What was written is for the next flush, after which every host loses
// power.
#include "sim/stories.h"

namespace cairn::sim {

void story_flush_late(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0)))
        return;
    // The one that the others will be made equal to.
    const size_t late = Stage::index_of(stage.chunk()->pieces.begin()->cs);
    World& world = stage.world();
    world.block(writer.host(), stage.cs_host(late));
    const ActRef write = writer.write(1);
    stage.run_for(milliseconds(5));
    world.lose_connections(writer.host(), stage.cs_host(late));
    world.heal_network();
    stage.run_for(stage.some({}, milliseconds(20)));
    const ActRef flush = writer.flush();
    if (!stage.done(write) || !stage.done(flush))
        return;
    stage.reached();
    if (!stage.done(writer.flush()))
        return;
    World::Machines all;
    for (size_t i = 0; i < 3; i++)
        all.push_back(&stage.cs_host(i));
    stage.run_for(milliseconds(1));
    stage.cut_power(all, seconds(1));
    Actor& reader = stage.client(1);
    stage.run_for(seconds(2));
    if (stage.done(reader.open(LeaseMode::shared)))
        stage.done(reader.read(1));
}

}  // namespace cairn::sim
