// A chunk server comes back from an old copy of its repository, at the address of its original, and
// no master can tell it so: it cannot reach one. Clients can reach it.
#include "sim/stories.h"

namespace cairn::sim {

void story_accepted_start(Stage& stage) {
    Actor& writer = stage.client(0);
    Actor& reader = stage.client(1);
    if (!stage.has_flushed(writer))
        return;
    const size_t at = stage.read_first();
    SimCluster::Service& victim = stage.cs(at);
    const auto save = [&stage, &victim] {
        stage.kill(victim);
        Result<TreeImage> image = victim.machine->save(victim.path);
        CHECK(image.has_value());
        return std::move(*image);
    };
    const TreeImage old = save();
    if (!stage.start_again(at) || !stage.done(writer.write(0)) || !stage.done(writer.close()) ||
        !stage.done(reader.open(LeaseMode::shared)) || !stage.done(reader.read(0)))
        return;
    const TreeImage newest = save();
    CHECK(victim.machine->restore(victim.path, old).has_value());
    stage.world().block(stage.cs_host(at), stage.mds_host(0));
    stage.bring_back(victim);
    stage.reached();
    for (int i = 0; i < 5; i++) {
        stage.run_for(stage.some(milliseconds(20), milliseconds(300)));
        stage.done(reader.read(0));
    }
    // Not to be left with less than there was.
    stage.kill(victim);
    CHECK(victim.machine->restore(victim.path, newest).has_value());
    stage.world().heal_network();
    stage.bring_back(victim);
}

}  // namespace cairn::sim
