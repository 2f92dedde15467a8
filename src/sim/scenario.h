// Scenario: one seed of a simulated cluster from its making to its verdict: first safety under
// whatever the seed brings, then the faults end and everything must become whole again, then every
// block is read back and the history must make sense.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "sim/rules.h"
#include "sim/seed_plan.h"

namespace cairn::sim {

struct Story;

struct ScenarioOptions {
    AllRules rules;
    // Whether hosts lose power, besides programs that are killed and networks that break.
    bool power_cuts = true;
    Focus focus = Focus::anything;
    // Played in place of work and faults at large.
    const Story* story = nullptr;
    // Whether everything must become whole again when the faults end; otherwise only what was seen
    // is judged.
    bool demand_healing = true;
    Duration heal_within = seconds(240);
    // Gets every line of the trace, if set.
    std::function<void(std::string_view)> trace;
};

struct Verdict {
    bool passed = false;
    std::string problem;   // empty if it passed
    bool reached = false;  // the point of the story
    uint64_t trace_hash = 0;
    uint64_t events = 0;
    Duration simulated;
    uint64_t writes = 0;
    uint64_t reads = 0;
    uint64_t flushes = 0;
    std::map<std::string, uint64_t, std::less<>> probes;
};

[[nodiscard]] Verdict run_scenario(uint64_t seed, const ScenarioOptions& options);

}  // namespace cairn::sim
