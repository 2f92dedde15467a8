// The metadata repository is brought back as it was some time ago. To that master a chunk that was
// made since is none that it knows of, with an id that it takes for given out: rubbish to be
// deleted.
#include "sim/stories.h"

namespace cairn::sim {

namespace {

void exchange_repository(Stage& stage, const TreeImage& image) {
    stage.kill(stage.mds(0));
    CHECK(stage.mds_host(0).restore("/mds", image).has_value());
    stage.bring_back(stage.mds(0));
}

}  // namespace

void story_master_behind(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.done(writer.open(LeaseMode::exclusive)) || !stage.done(writer.write(0)))
        return;
    // Of a running server, as a snapshot takes it. The ids of the next chunks are reserved in it.
    const Result<TreeImage> old = stage.mds_host(0).save("/mds");
    // The second chunk, and a log that the old master's own entries do not soon outgrow.
    if (!old || !stage.done(writer.write(20)) || !stage.done(writer.close()))
        return;
    for (int i = 0; i < 100; i++) {
        if (!stage.done(writer.open(LeaseMode::shared)) || !stage.done(writer.close()))
            return;
    }
    stage.run_for(seconds(5));  // until the chunk servers have heard of it
    stage.kill(stage.mds(0));
    const Result<TreeImage> newest = stage.mds_host(0).save("/mds");
    if (!newest)
        return;
    exchange_repository(stage, *old);
    stage.run_for(stage.some(seconds(5), seconds(20)));
    stage.reached();
    exchange_repository(stage, *newest);
    if (stage.done(stage.client(1).open(LeaseMode::shared)))
        stage.done(stage.client(1).read(20));
}

}  // namespace cairn::sim
