// Replicas were made with disks for domains, some on one host; then hosts are asked for. They are
// spread, while a client writes.
#include <algorithm>

#include "meta/catalogue/catalogue.h"
#include "sim/stories.h"

namespace cairn::sim {

namespace {

constexpr uint64_t chunks = 8;
constexpr uint64_t blocks_per_chunk = 16;

// Of the chunks with two replicas in sync and no more, those that have them on one host.
struct Spread {
    uint64_t whole = 0;
    uint64_t together = 0;
};
Spread look(Stage& stage) {
    Spread found;
    stage.cluster().newest_catalogue()->chunks().for_each([&](uint64_t, const meta::Chunk& chunk) {
        if (chunk.pieces.size() != 2 || chunk.in_sync_count() != 2)
            return;
        found.whole++;
        found.together += stage.shares_a_host(chunk);
    });
    return found;
}

}  // namespace

void story_spread(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    for (uint64_t i = 1; i < chunks; i++) {
        if (!stage.done(writer.write(i * blocks_per_chunk)))
            return;
    }
    if (look(stage).together > 0)
        stage.reached();
    SetAttributesRequest change;
    change.failure_domain = FailureDomain::host;
    stage.cluster().change_attributes(change);
    const ActRef late = writer.write(1, 3);
    const auto spread = [&] {
        const Spread now = look(stage);
        return now.whole == chunks && now.together == 0;
    };
    if (!stage.until(spread, seconds(120)))
        stage.cluster().state().failure = "replicas stay on one host where two are asked for";
    stage.done(late);
    stage.done(writer.flush());
}

}  // namespace cairn::sim
