// Somebody else's files take all of a disk while clients write. Nothing that was written is lost,
// and writing goes on: without that replica, or once there is room again.
#include "sim/stories.h"

namespace cairn::sim {

void story_disk_full(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    const size_t victim = stage.dice().below(3);
    DiskDevice& disk = stage.cs_host(victim).disk_of(stage.cs(victim).path);
    constexpr uint64_t everything = 64 * mib;
    disk.set_foreign_usage(everything);
    for (uint64_t block = 1; block < 12; block++)
        writer.write(block);
    const ActRef flush = writer.flush();
    // Until what the journal holds has to go in its place.
    stage.run_for(stage.some(seconds(3), seconds(8)));
    stage.done(writer.write(13), seconds(2));
    stage.reached();
    disk.set_foreign_usage(0);
    stage.done(flush);
    stage.done(writer.write(0));
    stage.done(writer.flush());
    stage.done(writer.read(3));
}

}  // namespace cairn::sim
