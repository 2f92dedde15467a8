// A chunk server's repository is brought back as it was some time ago: what was written since, and
// flushed, is not there. It is started again and again.
#include "sim/stories.h"

namespace cairn::sim {

void story_restored_copy(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    SimCluster::Service& victim = stage.cs(stage.dice().below(3));
    const auto restart = [&stage, &victim](const TreeImage* image) {
        stage.kill(victim);
        Result<TreeImage> now = victim.machine->save(victim.path);
        CHECK(now.has_value());
        if (image != nullptr)
            CHECK(victim.machine->restore(victim.path, *image).has_value());
        stage.bring_back(victim);
        stage.run_for(seconds(2));
        return std::move(*now);
    };
    // A kill is no reason for it to leave the set, and it starts twice.
    const TreeImage old = restart(nullptr);
    if (!stage.done(writer.write(0)) || !stage.done(writer.close()))
        return;
    const TreeImage newest = restart(&old);
    stage.run_for(stage.some({}, seconds(5)));
    stage.reached();
    for (size_t i = 0; i < 3; i++) {
        if (&stage.cs(i) != &victim)
            stage.kill(stage.cs(i));
    }
    Actor& reader = stage.client(1);
    if (stage.done(reader.open(LeaseMode::shared)))
        stage.done(reader.read(0), seconds(10));
    // Not to be left with less than there was.
    static_cast<void>(restart(&newest));
}

}  // namespace cairn::sim
