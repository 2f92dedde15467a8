// A disk loses a write of a block, and of the table entry that goes with it: what it shows is an
// older state in which everything fits. The others have the newer one. It is found before a reader
// meets it, and made equal.
#include "sim/stories.h"

namespace cairn::sim {

void story_digests(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0, 4)) ||
        !stage.done(writer.flush()))
        return;
    const size_t index = stage.dice().below(3);
    SimCluster::Service& victim = stage.cs(index);
    const std::string chunks = victim.path + "/chunks";
    // Everything in place and nothing in the journal: what comes back is what lies there.
    stage.run_for(seconds(35));
    stage.kill(victim);
    const Result<TreeImage> older = victim.machine->save(chunks);
    CHECK(older.has_value());
    stage.bring_back(victim);
    stage.run_for(seconds(2));
    if (!stage.done(writer.write(stage.dice().below(4))) || !stage.done(writer.close()))
        return;
    stage.run_for(seconds(35));
    if (stage.in_sync().size() != 3)
        return;
    stage.kill(victim);
    CHECK(victim.machine->restore(chunks, *older).has_value());
    stage.cluster().expect_difference();
    stage.bring_back(victim);
    stage.reached();
    const auto left = [&] {
        return !stage.piece(index).has_value();
    };
    if (!stage.until(left, seconds(60)))
        return;  // the last look at all replicas finds it
    stage.until([&] { return stage.piece(index) == PieceState::in_sync; });
    Actor& reader = stage.client(1);
    if (!stage.done(reader.open(LeaseMode::shared)))
        return;
    for (uint64_t block = 0; block < 4; block++)
        stage.done(reader.read(block));
}

}  // namespace cairn::sim
