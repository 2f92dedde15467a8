// A chunk server is killed when it has acknowledged a write that is not flushed. All is well if the
// write stands in memory that is still there; else, or if the end of its journal turns out damaged,
// it must not be believed.
#include <algorithm>
#include <functional>
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

// What happens to the killed one; whether it did.
using Mishap = std::function<bool(SimCluster::Service& victim)>;

void kill_after_write(Stage& stage, Duration until_kill, const Mishap& mishap) {
    Actor& writer = stage.client(0);
    if (!stage.has_flushed(writer) || !stage.done(writer.write(0)))
        return;
    stage.run_for(until_kill);
    SimCluster::Service& victim = stage.cs(stage.dice().below(3));
    stage.kill(victim);
    if (!mishap(victim))
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

// Until what was held in memory is in the journal.
constexpr Duration gathered = milliseconds(10);

}  // namespace

void story_cut_journal(Stage& stage) {
    kill_after_write(stage, gathered, [](const SimCluster::Service& victim) {
        return damage_end(*victim.machine, victim.path + "/journal");
    });
}

void story_complete_journal(Stage& stage) {
    kill_after_write(stage, Duration(), [](const SimCluster::Service&) { return true; });
}

void story_lost_memory(Stage& stage) {
    kill_after_write(stage, Duration(), [](const SimCluster::Service& victim) {
        victim.machine->forget_shared_memory();
        return true;
    });
}

}  // namespace cairn::sim
