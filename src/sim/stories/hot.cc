// All clients ask for one chunk, whose disk is busy with it all the time. It moves to a server that
// nobody asks for anything, and what was written is there; the next minutes it stays.
#include <algorithm>

#include "sim/stories.h"

namespace cairn::sim {

void story_hot(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    const std::vector<size_t> before = stage.in_sync();
    if (before.size() != 1)
        return;
    const size_t hot = before.front();
    for (size_t i = 0; i < 3; i++)
        stage.cs_host(i).disk_of(stage.cs(i).path).set_slowness(milliseconds(20));
    std::vector<ActRef> running(4);
    const auto ask = [&](Duration duration, const std::function<bool()>& enough) {
        const SimTime end = stage.world().now() + duration;
        while (stage.world().now() < end && !enough()) {
            for (size_t i = 0; i < running.size(); i++) {
                if (!running[i] || running[i]->ended())
                    running[i] = writer.write_durable(i);
            }
            stage.until(
                [&] {
                    return std::ranges::any_of(running, [](auto& act) { return act->ended(); });
                },
                seconds(1));
        }
    };
    const auto is_elsewhere = [&] {
        const std::vector<size_t> now = stage.in_sync();
        return now.size() == 1 && now.front() != hot;
    };
    ask(seconds(200), is_elsewhere);
    if (!is_elsewhere()) {
        stage.cluster().state().failure = "a hot chunk stayed where the queue is long";
        return;
    }
    stage.reached();
    const std::vector<size_t> after = stage.in_sync();
    ask(seconds(150), [] { return false; });
    if (stage.in_sync() != after)
        stage.cluster().state().failure = "a hot chunk moves to and fro";
    for (uint64_t block = 0; block < running.size(); block++)
        stage.done(writer.read(block));
}

}  // namespace cairn::sim
