// A byte of a block flips on a disk that no scrubbing reads. Whoever reads it there is told so, and
// the block is put right from another replica.
#include "sim/stories.h"

namespace cairn::sim {

void story_verify(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0, 8)) ||
        !stage.done(writer.close()))
        return;
    SimCluster::Service& victim = stage.cs(stage.read_first());
    // Everything in place, and nothing of it in memory.
    stage.run_for(seconds(35));
    stage.kill(victim);
    stage.bring_back(victim);
    stage.run_for(seconds(2));
    const std::string file = victim.path + "/chunks/01/0000000000000001.chunk";
    const Result<Bytes> before = victim.machine->peek(file);
    // Two headers and a page of the table lie in front of the blocks.
    const uint64_t offset = (3 + stage.dice().below(8)) * block_size + stage.dice().below(4000);
    if (!before || !victim.machine->corrupt(file, offset))
        return;
    stage.reached();
    Actor& reader = stage.client(1);
    if (stage.done(reader.open(LeaseMode::shared))) {
        for (uint64_t block = 0; block < 8; block++)
            stage.done(reader.read(block));
    }
    const auto put_back = [&] {
        const Result<Bytes> now = victim.machine->peek(file);
        return now && now->size() == before->size() && (*now)[offset] == (*before)[offset];
    };
    if (!stage.until(put_back, seconds(60)))
        stage.cluster().state().failure = "a block that a reader found bad was not put right";
}

}  // namespace cairn::sim
