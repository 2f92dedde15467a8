// A master declares a chunk server lost, and is gone before that server's replicas have left their
// sets. Its successor goes on with it, though no client asks for the chunk.
#include "meta/catalogue/catalogue.h"
#include "sim/stories.h"

namespace cairn::sim {

namespace {

bool is_declared_lost(const meta::Catalogue* catalogue, CsId cs) {
    const meta::CsRecord* record = catalogue == nullptr ? nullptr : catalogue->server(cs);
    return record != nullptr && record->state == CsLoggedState::offline;
}

}  // namespace

void story_unfinished_loss(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.done(writer.close()) || !stage.all_vote())
        return;
    const size_t victim = stage.in_sync()[stage.dice().below(3)];
    stage.kill(stage.cs(victim));
    std::optional<size_t> master;
    const auto declared = [&] {
        if (!is_declared_lost(stage.cluster().newest_catalogue(), Stage::id_of(victim)))
            return false;
        master = stage.master_index();
        if (master)
            stage.cut_off({&stage.mds_host(*master)});
        return true;
    };
    if (!stage.until(declared) || !master)
        return;
    // Whatever the others have heard, one of them is the master soon.
    stage.until([&] { return stage.master_index() && stage.master_index() != master; });
    if (stage.piece(victim))
        stage.reached();
    if (!stage.until([&] { return !stage.piece(victim); }))
        stage.cluster().state().failure = "the replica of a lost server stays in its set";
    stage.world().heal_network();
    stage.bring_back(stage.cs(victim));
}

}  // namespace cairn::sim
