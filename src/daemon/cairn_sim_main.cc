// `cairn-sim`: whole clusters in a box. Runs seeds of the simulated cluster, replays one with its
// trace, or breaks a rule on purpose and shows that the checkers notice.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>
#include <malloc.h>
#include <map>
#include <string>

#include "cli/program.h"
#include "sim/rules.h"
#include "sim/scenario.h"
#include "sim/soak.h"
#include "sim/stories.h"

namespace {

using namespace cairn;

struct Arguments {
    uint64_t seeds = 0;
    uint64_t first = 1;
    uint64_t step = 1;
    uint64_t replay = 0;
    std::string broken;
    std::string story;
    bool list_rules = false;
    bool probes = false;
    bool no_power_cuts = false;
    bool safety_only = false;
    uint32_t soak_hours = 0;
};

// Every so many seeds one is run twice, and must come out the same.
constexpr uint64_t repeat_every = 20;

void print_verdict(uint64_t seed, const sim::Verdict& verdict, const std::string& story) {
    if (verdict.passed)
        return;
    fmt::print("seed {} failed: {}\n  replay: ./dev sim --seed {}{}{}\n", seed, verdict.problem,
               seed, story.empty() ? "" : " --story ", story);
    std::fflush(stdout);
}

int list_rules() {
    for (const sim::RuleInfo& rule : sim::breakable_rules())
        fmt::print("{:<18} {}\n", rule.name, rule.meaning);
    return EXIT_SUCCESS;
}

// Every so many seeds plays a story.
constexpr uint64_t story_every = 16;
constexpr uint64_t story_seed = 5;

void choose_scenario(uint64_t seed, const std::string& wanted, sim::ScenarioOptions& options) {
    const auto stories = sim::stories();
    options.story = sim::find_story(wanted);
    if (options.story == nullptr && seed % story_every == story_seed)
        options.story = &stories[seed / story_every % stories.size()];
}

// Odd seeds play the rule's story if it has one, even ones concentrate on where it matters.
void break_rule(const sim::RuleInfo& rule, uint64_t seed, sim::ScenarioOptions& options) {
    rule.in(options.rules) = false;
    if (seed % 2 == 0)
        options.focus = rule.focus;
    else
        options.story = sim::find_story(rule.name);
}

int replay(const Arguments& arguments) {
    const uint64_t seed = arguments.replay;
    const std::string& broken = arguments.broken;
    sim::ScenarioOptions options;
    options.power_cuts = !arguments.no_power_cuts;
    choose_scenario(seed, arguments.story, options);
    if (!broken.empty()) {
        const sim::RuleInfo* rule = sim::find_rule(broken);
        if (rule == nullptr) {
            fmt::print(stderr, "cairn-sim: there is no rule '{}'; --rules lists them\n", broken);
            return 2;
        }
        options.story = nullptr;
        break_rule(*rule, seed, options);
    }
    options.trace = [](std::string_view line) {
        fmt::print("{}\n", line);
    };
    const sim::Verdict verdict = sim::run_scenario(seed, options);
    fmt::print(
        "seed {}: {}; {} events, {} s simulated, {} writes, {} reads, {} flushes, trace hash "
        "{:016x}\n",
        seed, verdict.passed ? "passed" : verdict.problem, verdict.events,
        verdict.simulated.seconds(), verdict.writes, verdict.reads, verdict.flushes,
        verdict.trace_hash);
    return verdict.passed ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_seeds(const Arguments& arguments) {
    uint64_t passed = 0;
    uint64_t failed = 0;
    uint64_t runs = 0;
    int64_t simulated_seconds = 0;
    const auto run = [&](uint64_t seed, const sim::ScenarioOptions& options) {
        sim::Verdict verdict = sim::run_scenario(seed, options);
        runs++;
        simulated_seconds += verdict.simulated.seconds();
        return verdict;
    };
    std::map<std::string, uint64_t> probes;
    sim::ScenarioOptions options;
    options.power_cuts = !arguments.no_power_cuts;
    options.demand_healing = !arguments.safety_only;
    for (uint64_t i = 0; i < arguments.seeds; i++) {
        const uint64_t seed = arguments.first + i * arguments.step;
        choose_scenario(seed, arguments.story, options);
        const sim::Verdict verdict = run(seed, options);
        bool fine = verdict.passed;
        print_verdict(seed, verdict, arguments.story);
        if (fine && seed % repeat_every == 0 &&
            run(seed, options).trace_hash != verdict.trace_hash) {
            fmt::print("seed {} failed: two runs of it differ\n", seed);
            fine = false;
        }
        (fine ? passed : failed)++;
        for (const auto& [name, count] : verdict.probes)
            probes[name] += count;
    }
    if (arguments.probes) {
        for (const auto& [name, count] : probes)
            fmt::print("probe {} {}\n", name, count);
    }
    fmt::print("{} runs, {} s simulated\n{} passed, {} failed\n", runs, simulated_seconds, passed,
               failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Whether some seed notices that the rule is broken.
bool is_caught(const sim::RuleInfo& rule, uint64_t seeds) {
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        sim::ScenarioOptions options;
        break_rule(rule, seed, options);
        const sim::Verdict verdict = sim::run_scenario(seed, options);
        if (!verdict.passed) {
            fmt::print("{}: caught by seed {}: {}\n", rule.name, seed,
                       verdict.problem.substr(0, verdict.problem.find('\n')));
            std::fflush(stdout);
            return true;
        }
    }
    fmt::print("{}: survived {} seeds\n", rule.name, seeds);
    std::fflush(stdout);
    return false;
}

int break_rules(const Arguments& arguments) {
    uint64_t caught = 0;
    uint64_t survived = 0;
    bool known = false;
    for (const sim::RuleInfo& rule : sim::breakable_rules()) {
        if (arguments.broken != "all" && arguments.broken != rule.name)
            continue;
        known = true;
        (is_caught(rule, arguments.seeds) ? caught : survived)++;
    }
    if (!known) {
        fmt::print(stderr, "cairn-sim: there is no rule '{}'; --rules lists them\n",
                   arguments.broken);
        return 2;
    }
    fmt::print("{} caught, {} survived\n", caught, survived);
    return survived == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int soak(const Arguments& arguments) {
    sim::SoakOptions options;
    options.seed = arguments.first;
    options.length = seconds(int64_t{arguments.soak_hours} * 3600);
    options.memory_in_use = [] {
        const auto info = ::mallinfo2();
        return info.uordblks + info.hblkhd;
    };
    const sim::SoakReport report = sim::soak(options);
    for (const sim::SoakSample& sample : report.samples) {
        fmt::print("{:5} min", sample.at.seconds() / 60);
        for (const auto& [name, value] : sample.counts)
            fmt::print("  {} {}", value, name);
        fmt::print("\n");
    }
    fmt::print("{} rounds of clients: {}\n", report.rounds,
               report.problem.empty() ? "nothing grew" : report.problem);
    return report.problem.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "Whole simulated clusters, each from a seed: runs many and judges what their clients "
        "saw, replays one, or breaks a rule to show that it is noticed",
        "cairn-sim");
    cli::add_help_and_version(app);
    Arguments arguments;
    app.add_option("--seeds", arguments.seeds, "How many seeds to run, of each rule with --broken")
        ->type_name("COUNT")
        ->default_str("200");
    app.add_option("--first", arguments.first, "The first of them")
        ->type_name("SEED")
        ->capture_default_str();
    app.add_option("--step", arguments.step, "From one seed to the next")
        ->type_name("COUNT")
        ->capture_default_str();
    app.add_option("--seed", arguments.replay, "Replay this one and print its trace")
        ->type_name("SEED");
    app.add_option("--broken", arguments.broken, "Break this rule on purpose; 'all': one by one")
        ->type_name("RULE");
    app.add_option("--story", arguments.story,
                   "Play the story of this name or rule, with all rules kept")
        ->type_name("NAME");
    app.add_flag("--rules", arguments.list_rules, "List the rules that can be broken");
    app.add_flag("--no-power-cuts", arguments.no_power_cuts, "Hosts keep their power");
    app.add_flag("--safety-only", arguments.safety_only, "Do not demand that all becomes whole");
    app.add_flag("--probes", arguments.probes, "Print how often each fault struck");
    app.add_option("--soak", arguments.soak_hours,
                   "Use one cluster lightly for so many simulated hours: nothing may grow")
        ->type_name("HOURS");
    if (const std::optional<int> code = cli::parse(app, argc, argv))
        return *code;
    if (arguments.list_rules)
        return list_rules();
    if (!arguments.story.empty() && sim::find_story(arguments.story) == nullptr) {
        fmt::print(stderr, "cairn-sim: there is no story '{}'\n", arguments.story);
        return 2;
    }
    if (arguments.soak_hours != 0)
        return soak(arguments);
    if (arguments.replay != 0)
        return replay(arguments);
    if (arguments.seeds == 0)
        arguments.seeds = 200;
    if (!arguments.broken.empty())
        return break_rules(arguments);
    return run_seeds(arguments);
}
