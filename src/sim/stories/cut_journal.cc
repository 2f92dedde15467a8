// A chunk server is killed, and the end of its journal, which was not synced yet, turns out
// damaged: what it says is no longer there was acknowledged.
#include <algorithm>
#include <string_view>

#include "sim/stories.h"

namespace cairn::sim {

namespace {

// Flips a bit in the last group of a journal.
bool damage_end(Machine& machine, const std::string& journal) {
    const Result<Bytes> content = machine.peek(journal);
    if (!content)
        return false;
    constexpr std::string_view magic = "CAIRNJG1";
    const auto* text = reinterpret_cast<const char*>(content->data());
    const size_t at = std::string_view(text, content->size()).rfind(magic);
    constexpr size_t into_its_records = 110;
    return at != std::string_view::npos && machine.corrupt(journal, at + into_its_records);
}

}  // namespace

void story_cut_journal(Stage& stage) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.done(writer.write(0)))
        return;
    SimCluster::Service& victim = stage.cs(stage.dice().below(3));
    stage.kill(victim);
    if (!damage_end(*victim.machine, victim.path + "/journal"))
        return;
    stage.bring_back(victim);
    stage.run_for(stage.some(milliseconds(500), seconds(2)));
    stage.reached();
    // The two others are gone: if it is believed, it is asked.
    for (size_t i = 0; i < 3; i++) {
        if (&stage.cs(i) != &victim)
            stage.kill(stage.cs(i));
    }
    stage.done(writer.read(0), seconds(10));
}

}  // namespace cairn::sim
