// More chunk servers are lost than a dead disk explains. Nothing is copied until an administrator
// has looked, or they are back.
#include <algorithm>

#include "meta/catalogue/catalogue.h"
#include "sim/stories.h"

namespace cairn::sim {

void story_halt(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    const std::vector<size_t> before = stage.in_sync();
    if (before.size() != 2)
        return;
    // One that holds the chunk, and two that do not: a third such is left to copy to.
    std::vector<size_t> lost = {before[stage.dice().below(2)]};
    for (size_t index = 0; index < 5 && lost.size() < 3; index++) {
        if (index != before[0] && index != before[1])
            lost.push_back(index);
    }
    for (const size_t index : lost)
        stage.kill(stage.cs(index));
    const auto declared = [&] {
        const meta::Catalogue* catalogue = stage.cluster().newest_catalogue();
        return catalogue != nullptr && std::ranges::all_of(lost, [&](size_t index) {
                   const meta::CsRecord* record = catalogue->server(Stage::id_of(index));
                   return record != nullptr && record->state == CsLoggedState::offline;
               });
    };
    if (!stage.until(declared, seconds(60)))
        return;
    const size_t pieces = stage.chunk()->pieces.size();
    stage.reached();
    if (stage.until([&] { return stage.chunk()->pieces.size() > pieces; }, seconds(10)))
        stage.cluster().state().failure = "recovery goes on though more servers are lost than may";
    for (const size_t index : lost)
        stage.bring_back(stage.cs(index));
}

}  // namespace cairn::sim
