// A chunk server is removed while a client writes. What it holds leaves its set only when it stands
// elsewhere, and then the server is forgotten; what was written is there.
#include "meta/catalogue/catalogue.h"
#include "sim/stories.h"

namespace cairn::sim {

void story_drain_copy(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.done(writer.write(1)))
        return;
    const std::vector<size_t> before = stage.in_sync();
    if (before.size() != 2)
        return;
    const size_t removed = before[stage.dice().below(2)];
    const CsId id = Stage::id_of(removed);
    stage.cluster().remove_chunk_server(id, CsRemoval::drain);
    const ActRef late = writer.write(2);
    bool short_of_replicas = false;
    const auto gone = [&] {
        const meta::Catalogue* catalogue = stage.cluster().newest_catalogue();
        short_of_replicas = short_of_replicas || stage.in_sync().size() < 2;
        return short_of_replicas || (catalogue != nullptr && catalogue->server(id) == nullptr);
    };
    if (!stage.until(gone, seconds(60)))
        stage.cluster().state().failure = "a server that is removed does not go";
    if (short_of_replicas)
        stage.cluster().state().failure = "a replica left a server before it stood elsewhere";
    if (stage.cluster().state().failure)
        return;
    stage.done(late);
    stage.done(writer.flush());
    stage.done(writer.close());
    stage.reached();
    Actor& reader = stage.client(1);
    if (stage.done(reader.open(LeaseMode::shared))) {
        for (uint64_t block = 0; block < 3; block++)
            stage.done(reader.read(block));
    }
    // The cluster is whole without it.
    stage.cluster().forget_chunk_server(stage.cs(removed));
}

}  // namespace cairn::sim
