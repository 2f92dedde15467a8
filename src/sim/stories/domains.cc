// A chunk server dies. What it held is made on hosts without another replica of the same chunk: a
// dead host must not take both.
#include <algorithm>

#include "meta/catalogue/catalogue.h"
#include "sim/stories.h"

namespace cairn::sim {

namespace {

constexpr uint64_t chunks = 8;
constexpr uint64_t blocks_per_chunk = 16;

// Of all chunks, those of which it is so.
template <class Condition>
uint64_t count(Stage& stage, Condition condition) {
    uint64_t found = 0;
    stage.cluster().newest_catalogue()->chunks().for_each(
        [&](uint64_t, const meta::Chunk& chunk) { found += condition(chunk) ? 1 : 0; });
    return found;
}

}  // namespace

void story_domains(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    for (uint64_t i = 1; i < chunks; i++) {
        if (!stage.done(writer.write(i * blocks_per_chunk)))
            return;
    }
    const size_t lost = stage.in_sync().at(stage.dice().below(2));
    stage.kill(stage.cs(lost));
    const auto made_anew = [&] {
        return count(stage, [&](const meta::Chunk& chunk) {
                   return chunk.in_sync_count() == 2 &&
                          chunk.pieces.find(Stage::id_of(lost)) == nullptr;
               }) == chunks;
    };
    if (!stage.until(made_anew, seconds(60))) {
        stage.cluster().state().failure = "what a dead server held was not made anew";
        return;
    }
    stage.reached();
    if (count(stage, [&](const meta::Chunk& chunk) { return stage.shares_a_host(chunk); }) > 0)
        stage.cluster().state().failure = "two replicas stand on one host";
    stage.bring_back(stage.cs(lost));
}

}  // namespace cairn::sim
