// A host loses power, and what was written there. A master has accepted the start of its chunk
// server, and its replica has left the set; neither it nor the writer has heard of that when the
// writer reads what it wrote.
#include "sim/stories.h"

namespace cairn::sim {

void story_unclean(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.done(writer.write(0)))
        return;
    const size_t victim = stage.read_first();
    stage.run_for(milliseconds(1));
    stage.cut_power({&stage.cs_host(victim)}, milliseconds(100));
    const auto has_started_again = [&stage, victim] {
        const meta::Catalogue* catalogue = stage.cluster().newest_catalogue();
        return catalogue != nullptr &&
               catalogue->server(Stage::id_of(victim))->integrity_sequence > 1;
    };
    if (!stage.until(has_started_again))
        return;
    stage.run_for(stage.some({}, milliseconds(2)));
    stage.world().block(stage.mds_host(0), stage.cs_host(victim));
    stage.reached();
    for (int i = 0; i < 5; i++) {
        stage.done(writer.read(0), seconds(8));
        stage.run_for(stage.some(milliseconds(20), milliseconds(200)));
    }
    stage.world().heal_network();
}

}  // namespace cairn::sim
