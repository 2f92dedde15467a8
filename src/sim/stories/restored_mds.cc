// A metadata server comes back with its repository as it was some time ago: votes that it gave and
// entries that it acknowledged are not there. The others have seen more of it, and one that lags
// behind must not become the master by its vote.
#include "meta/node/meta_node.h"
#include "sim/stories.h"

namespace cairn::sim {

namespace {

// What the metadata servers have to agree on.
bool take_lease_again(Stage& stage, Actor& client) {
    return stage.done(client.close()) && stage.done(client.open(LeaseMode::exclusive));
}

}  // namespace

void story_restored_mds(Stage& stage) {
    Actor& client = stage.client(0);
    if (!stage.has_flushed(client) || !stage.all_vote())
        return;
    const std::optional<size_t> master = stage.master_index();
    if (!master)
        return;
    const size_t victim_index = (*master + 1 + stage.dice().below(2)) % 3;
    const size_t lagging = 3 - *master - victim_index;
    SimCluster::Service& victim = stage.mds(victim_index);
    const auto save = [&victim] {
        Result<TreeImage> image = victim.machine->save(victim.path);
        CHECK(image.has_value());
        return std::move(*image);
    };
    // The backup; and then it goes on.
    stage.kill(victim);
    const TreeImage backup = save();
    stage.bring_back(victim);
    if (!stage.all_vote() || !take_lease_again(stage, client) || stage.master_index() != master)
        return;
    stage.run_for(stage.some(seconds(1), seconds(3)));
    // Agreed on by the master and the victim alone.
    stage.cut_off({stage.mds(lagging).machine});
    if (!take_lease_again(stage, client) || stage.master_index() != master)
        return;
    stage.kill(victim);
    stage.kill(stage.mds(*master));
    const TreeImage newest = save();
    CHECK(victim.machine->restore(victim.path, backup).has_value());
    stage.reached();
    stage.world().heal_network();
    stage.bring_back(victim);
    stage.run_for(seconds(8));
    if (stage.master_index())
        stage.cluster().state().failure = "a master by the vote of an old copy";
    // Not to be left with less than there was.
    stage.kill(victim);
    CHECK(victim.machine->restore(victim.path, newest).has_value());
    stage.bring_back(victim);
    stage.bring_back(stage.mds(*master));
    stage.done(client.write(0));
    stage.done(client.flush());
}

}  // namespace cairn::sim
