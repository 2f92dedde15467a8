// More chunk servers are lost than a dead disk explains. Nothing is copied until an administrator
// has looked, or they are back. Where no chunk lacks a replica, nobody is told that copying is
// halted.
#include <algorithm>

#include "meta/catalogue/catalogue.h"
#include "meta/master/master.h"
#include "sim/stories.h"

namespace cairn::sim {

namespace {

// Kills them, and waits until they are declared lost.
bool lose_all(Stage& stage, const std::vector<size_t>& lost) {
    for (const size_t index : lost)
        stage.kill(stage.cs(index));
    const auto declared = [&] {
        const meta::Catalogue* catalogue = stage.cluster().newest_catalogue();
        return catalogue != nullptr && std::ranges::all_of(lost, [&](size_t index) {
                   const meta::CsRecord* record = catalogue->server(Stage::id_of(index));
                   return record != nullptr && record->state == CsLoggedState::offline;
               });
    };
    return stage.until(declared, seconds(60));
}

bool says_halted(Stage& stage) {
    const meta::Master* master = stage.cluster().master();
    return master != nullptr && master->recovery.status().halted;
}

}  // namespace

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
    if (!lose_all(stage, lost))
        return;
    const size_t pieces = stage.chunk()->pieces.size();
    stage.reached();
    if (stage.until([&] { return stage.chunk()->pieces.size() > pieces; }, seconds(10)))
        stage.cluster().state().failure = "recovery goes on though more servers are lost than may";
    else if (!says_halted(stage))
        stage.cluster().state().failure = "recovery is halted, and nobody says so";
    for (const size_t index : lost)
        stage.bring_back(stage.cs(index));
}

// Replicas that would stand better elsewhere wait. That is no reason for alarm.
void story_halted_moves(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer))
        return;
    const std::vector<size_t> holders = stage.in_sync();
    std::vector<size_t> lost;
    for (size_t index = 0; index < 5 && lost.size() < 3; index++) {
        if (std::ranges::find(holders, index) == holders.end())
            lost.push_back(index);
    }
    if (holders.size() != 2 || !lose_all(stage, lost))
        return;
    SetAttributesRequest other_tier;
    other_tier.tier = 1;
    stage.cluster().change_attributes(other_tier);
    stage.reached();
    if (stage.until([&] { return says_halted(stage); }, seconds(10)))
        stage.cluster().state().failure = "copying is said to be halted, and nothing is missing";
    SetAttributesRequest first_tier;
    first_tier.tier = 0;
    stage.cluster().change_attributes(first_tier);
    for (const size_t index : lost)
        stage.bring_back(stage.cs(index));
}

}  // namespace cairn::sim
