// A write reached one replica before its writer died. The others are made equal to that one; then
// one of them loses power. Nobody has the file open for writing: it is believed when it comes back.
#include "sim/stories.h"

namespace cairn::sim {

void story_join_sync(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    const size_t source = Stage::index_of(stage.chunk()->pieces.begin()->cs);
    stage.die_writing_to_one(writer, source);
    if (!stage.until([&stage] { return stage.comparing(); }) ||
        !stage.until([&stage] { return !stage.comparing(); }))
        return;
    stage.reached();
    stage.cut_power({&stage.cs_host((source + 1) % 3)}, milliseconds(300));
    stage.run_for(seconds(2));
}

}  // namespace cairn::sim
