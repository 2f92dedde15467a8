// A master that sleeps loses its office and does not know it when it wakes. A client that hears
// only this master asks it to prolong its lease, which its successor has ended since; a chunk
// server on their side, declared lost on the other, would still answer the client.
#include "sim/stories.h"

namespace cairn::sim {

void story_confirm_master(Stage& stage) {
    Actor& old = stage.client(0);
    Actor& next = stage.client(1);
    if (!stage.all_vote())
        return;
    const std::optional<size_t> master = stage.master_index();
    if (!master || !stage.done(old.open(LeaseMode::exclusive)) || !stage.done(old.write(0)) ||
        !stage.done(old.flush()))
        return;
    Machine& sleeper = stage.mds_host(*master);
    stage.cut_off({&old.host(), &sleeper, &stage.cs_host(stage.read_first())});
    const Duration asleep = stage.some(seconds(9), seconds(12));
    const SimTime wakes = stage.world().now() + asleep;
    stage.world().stall(sleeper, asleep);
    if (!stage.done(next.open(LeaseMode::exclusive)) || !stage.done(next.write(0)))
        return;
    if (stage.world().now() < wakes)
        stage.reached();
    while (stage.world().now() < wakes + seconds(2))
        stage.done(old.read(0), milliseconds(200));
}

}  // namespace cairn::sim
