// A place of a disk cannot be read any more. The reader gets the block from another replica, and
// the one that could not be read is written anew.
#include "sim/stories.h"

namespace cairn::sim {

void story_unreadable_block(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0, 8)) ||
        !stage.done(writer.close()))
        return;
    const size_t victim = stage.read_first();
    SimCluster::Service& service = stage.cs(victim);
    // Everything in place, and nothing of it in memory.
    stage.run_for(seconds(35));
    stage.kill(service);
    // Two headers and a page of the table lie in front of the blocks.
    const std::string file = service.path + "/chunks/01/0000000000000001.chunk";
    const uint64_t block = stage.dice().below(8);
    if (!service.machine->disk_of(file).break_range(file, (3 + block) * block_size, block_size))
        return;
    stage.bring_back(service);
    stage.run_for(seconds(2));
    Actor& reader = stage.client(1);
    if (!stage.done(reader.open(LeaseMode::shared)))
        return;
    stage.reached();
    stage.done(reader.read(block));
    stage.run_for(seconds(2));
}

}  // namespace cairn::sim
