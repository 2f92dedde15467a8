// Two servers hold all there is, a third one comes that has nothing. It gets its share, while a
// client writes and reads; then nothing moves any more.
#include "meta/catalogue/catalogue.h"
#include "sim/stories.h"

namespace cairn::sim {

namespace {

constexpr uint64_t chunks = 24;
constexpr uint64_t blocks_per_chunk = 16;

std::vector<size_t> replicas(Stage& stage) {
    std::vector<size_t> counts(3);
    stage.cluster().newest_catalogue()->chunks().for_each([&](uint64_t, const meta::Chunk& chunk) {
        for (const meta::ChunkPiece& piece : chunk.pieces)
            counts[Stage::index_of(piece.cs)] += piece.in_sync() ? 1 : 0;
    });
    return counts;
}

}  // namespace

void story_fill(Stage& stage) {
    Actor& writer = stage.client(0);
    // Disks on which a chunk counts.
    for (size_t i = 0; i < 3; i++)
        stage.cs_host(i).disk_of(stage.cs(i).path).set_capacity(8 * mib);
    const size_t added = stage.dice().below(3);
    stage.kill(stage.cs(added));
    stage.run_for(seconds(8));
    if (!stage.has_flushed(writer))
        return;
    for (uint64_t i = 0; i < chunks; i++) {
        if (!stage.done(writer.write(i * blocks_per_chunk, blocks_per_chunk)))
            return;
    }
    if (!stage.done(writer.flush()) || replicas(stage)[added] != 0)
        return;
    stage.reached();
    stage.bring_back(stage.cs(added));
    const auto has_its_share = [&] {
        const std::vector<size_t> counts = replicas(stage);
        return counts[0] + counts[1] + counts[2] == 2 * chunks && counts[added] >= chunks / 3;
    };
    bool filled = false;
    for (int i = 0; i < 600 && !filled; i++) {
        writer.write(stage.dice().below(chunks * blocks_per_chunk));
        filled = stage.until(has_its_share, milliseconds(200));
    }
    if (!filled) {
        stage.cluster().state().failure = "a server that came empty did not get its share";
        return;
    }
    // What is on its way arrives.
    stage.run_for(seconds(20));
    const std::vector<size_t> even = replicas(stage);
    stage.run_for(seconds(40));
    if (replicas(stage) != even || !has_its_share())
        stage.cluster().state().failure = "replicas move to and fro";
    stage.done(writer.flush());
    for (uint64_t i = 0; i < chunks; i++)
        stage.done(writer.read(i * blocks_per_chunk + 1));
}

}  // namespace cairn::sim
