// Bytes of a chunk that nobody reads flip on the disk of a running server: in a block, in the
// table, in a header. They are found by themselves, and put back as they were.
#include "sim/stories.h"

namespace cairn::sim {

void story_cold_rot(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0, 8)) ||
        !stage.done(writer.close()))
        return;
    SimCluster::Service& victim = stage.cs(stage.dice().below(3));
    // Everything in place, and what was in memory of it after a restart is only what was read.
    stage.run_for(seconds(35));
    if (stage.dice().below(2) == 0) {
        stage.kill(victim);
        stage.bring_back(victim);
        stage.run_for(seconds(2));
    }
    const std::string file = victim.path + "/chunks/01/0000000000000001.chunk";
    const Result<Bytes> before = victim.machine->peek(file);
    if (!before)
        return;
    // Two headers and a page of the table lie in front of the blocks.
    const uint64_t page = stage.dice().below(3 + 8);
    const uint64_t offset = page * block_size + stage.dice().below(100);
    if (!victim.machine->corrupt(file, offset))
        return;
    stage.reached();
    const auto put_back = [&] {
        const Result<Bytes> now = victim.machine->peek(file);
        // The header counts how often it was written.
        const size_t from = size_t{2} * block_size;
        const bool content_as_before =
            now && now->size() == before->size() &&
            std::equal(now->begin() + from, now->end(), before->begin() + from);
        return content_as_before &&
               std::equal(now->begin(), now->begin() + block_size, now->begin() + block_size);
    };
    if (!stage.until(put_back, seconds(120)))
        stage.cluster().state().failure = "rot that nobody read was not put right";
}

}  // namespace cairn::sim
