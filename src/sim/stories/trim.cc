// A client trims what it wrote. In a cluster that is not set to free what is trimmed, zeros are
// read and no space is freed; once it is set so, the client, which has the file open all the while,
// hears of it with a refresh of its lease, and what it trims is freed.
#include <fmt/core.h>

#include "sim/stories.h"

namespace cairn::sim {

namespace {

constexpr uint64_t blocks = 12;

uint64_t space_taken(Stage& stage) {
    uint64_t taken = 0;
    for (size_t i = 0; i < 3; i++)
        taken += stage.cs_host(i).disk_of(stage.cs(i).path).tree().used();
    return taken;
}

// Trimmed, and in its place on every chunk server.
bool trims(Stage& stage, Actor& writer) {
    if (!stage.done(writer.trim(0, blocks)) || !stage.done(writer.flush()))
        return false;
    stage.run_for(seconds(30));
    const ActRef read = writer.read(stage.dice().below(blocks));
    return stage.done(read) && **read->outcome == 0;
}

}  // namespace

void story_trim(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.done(writer.write(0, blocks)) ||
        !stage.done(writer.flush()))
        return;
    stage.run_for(seconds(30));
    const uint64_t full = space_taken(stage);
    if (!trims(stage, writer))
        return;
    const uint64_t kept = space_taken(stage);
    stage.cluster().set_config("gen.do_punch_hole", "1");
    // As long as a refresh may take to tell.
    stage.run_for(seconds(2));
    if (!trims(stage, writer))
        return;
    const uint64_t freed = space_taken(stage);
    stage.reached();
    // Of three replicas; a few small files come and go beside them.
    constexpr uint64_t one_replica = blocks * block_size;
    if (kept + one_replica < full)
        stage.cluster().state().failure =
            fmt::format("a trim freed {} bytes, and the cluster was not set so", full - kept);
    else if (freed + 2 * one_replica > kept)
        stage.cluster().state().failure = fmt::format(
            "a trim left {} bytes of {}, and the cluster was set to free them", freed, kept);
    // What is written again takes space again.
    stage.done(writer.write(1));
    stage.done(writer.flush());
    stage.done(writer.read(1));
}

}  // namespace cairn::sim
