// A master's answer with the maps of a file is held in the network, and another of the client's
// requests to it, a change that its followers were slow to write, runs out of time meanwhile. The
// next master answers that one; a replica leaves, and a write completes without it. Then the first
// answer arrives, and the replica that left, which knows nothing of it, still serves its version.
#include "sim/stories.h"

namespace cairn::sim {

void story_older_view(Stage& stage) {
    constexpr uint64_t block = 16;  // the first of the second chunk
    constexpr Duration request_timeout = rpc::MasterLink::first_call_timeout;
    Actor& client = stage.client(0);
    World& world = stage.world();
    if (!stage.all_vote() || !stage.done(client.open(LeaseMode::exclusive)) ||
        !stage.done(client.write(0)) || !stage.done(client.write(block)) ||
        !stage.done(client.close()) || !stage.done(client.open(LeaseMode::exclusive)))
        return;
    const size_t leaver = stage.read_first(1);
    const size_t master = *stage.master_index();
    World::Machines all;
    World::Machines followers;
    for (size_t i = 0; i < 3; i++) {
        all.push_back(&stage.mds_host(i));
        if (i != master)
            followers.push_back(&stage.mds_host(i));
    }
    // 1. A change waits for the followers' disks; the maps do not.
    for (Machine* follower : followers)
        follower->disk_of("/mds").set_slowness(request_timeout - milliseconds(100));
    const ActRef write = client.write(block);
    stage.run_for(milliseconds(30));
    for (Machine* follower : followers)
        follower->disk_of("/mds").set_slowness({});
    stage.run_for(stage.some(milliseconds(2400), milliseconds(2750)));
    world.block(stage.mds_host(master), client.host());
    const ActRef read = client.read(0);
    stage.run_for(milliseconds(50));
    // 2. Another master; a replica is away while the write looks for it.
    world.partition({&stage.mds_host(master)}, followers);
    stage.kill(stage.cs(leaver));
    if (read->ended() || !stage.done(write))
        return;
    const auto last_start = [&stage, leaver] {
        return stage.cluster().newest_catalogue()->server(Stage::id_of(leaver))->start_mark;
    };
    const uint64_t before = last_start();
    stage.bring_back(stage.cs(leaver));
    if (!stage.until([&last_start, before] { return last_start() != before; }))
        return;
    stage.run_for(stage.some({}, milliseconds(2)));
    // 3. The first master's answer arrives.
    stage.reached();
    world.heal_network();
    world.partition({&stage.cs_host(leaver)}, all);
    if (stage.done(read))
        stage.done(client.read(block));
}

}  // namespace cairn::sim
