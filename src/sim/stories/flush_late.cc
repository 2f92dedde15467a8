// A write begins after a flush has passed one replica and ends before it has passed a slow one.
// What it wrote is for the next flush, after which every host loses power.
#include "sim/stories.h"

namespace cairn::sim {

void story_flush_late(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0)))
        return;
    const size_t slow = stage.dice().below(3);
    DiskDevice& disk = stage.cs_host(slow).disk_of(stage.cs(slow).path);
    disk.set_slowness(stage.some(milliseconds(20), milliseconds(200)));
    const ActRef flush = writer.flush();
    stage.run_for(stage.some(milliseconds(2), milliseconds(60)));
    if (flush->ended())
        return;
    const ActRef write = writer.write(1);
    if (!stage.done(write) || flush->ended() || !stage.done(flush))
        return;
    stage.reached();
    disk.set_slowness({});
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
