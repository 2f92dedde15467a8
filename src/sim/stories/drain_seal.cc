// A read has passed the version check and waits for a slow disk when its client's lease is revoked,
// unheard. The next owner's write reaches only the server where the read waits: the read may see
// it, but is not told of the comparison that takes it back when that owner loses its lease, too. (A
// write that waits so long would be refused: the store compares versions again when it appends.)
#include "sim/stories.h"

namespace cairn::sim {

void story_drain_seal(Stage& stage) {
    Actor& reader = stage.client(0);
    Actor& writer = stage.client(1);
    Actor& last = stage.client(2);
    World& world = stage.world();
    if (!stage.done(reader.open(LeaseMode::exclusive)) || !stage.done(reader.write(0)) ||
        !stage.done(reader.close()))
        return;
    const size_t at = stage.read_first();
    // The first start writes what the journal held in place, the second knows nothing of it: the
    // read has to load the table.
    for (int i = 0; i < 2; i++) {
        stage.kill(stage.cs(at));
        stage.bring_back(stage.cs(at));
        stage.run_for(seconds(2));
    }
    if (!stage.done(reader.open(LeaseMode::shared)))
        return;
    DiskDevice& disk = stage.cs_host(at).disk_of(stage.cs(at).path);
    disk.set_slowness(stage.some(seconds(1), seconds(2)));
    // Nobody else can answer it in place of the slow one.
    for (size_t other = 0; other < 3; other++) {
        if (other != at)
            world.block(reader.host(), stage.cs_host(other));
    }
    const ActRef read = reader.read(0);
    stage.run_for(milliseconds(10));
    disk.set_slowness({});
    world.partition({&reader.host()}, {&stage.mds_host(0)});
    stage.cluster().revoke_leases_of(reader.host().name());
    for (size_t other = 0; other < 3; other++) {
        if (other != at)
            world.block(writer.host(), stage.cs_host(other));
    }
    if (!stage.done(writer.open(LeaseMode::exclusive)))
        return;
    const ActRef write = writer.write(0);
    if (!stage.done(read))
        return;
    stage.reached();
    stage.run_for(milliseconds(200));
    stage.cluster().revoke_leases_of(writer.host().name());
    if (stage.done(last.open(LeaseMode::shared)))
        stage.done(last.read(0));
}

}  // namespace cairn::sim
