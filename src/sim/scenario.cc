#include "sim/scenario.h"

#include <algorithm>
#include <fmt/core.h>
#include <memory>
#include <optional>

#include "sim/cluster.h"
#include "sim/nemesis.h"
#include "sim/stories.h"

namespace cairn::sim {

namespace {

class Run {
  public:
    Run(uint64_t seed, const ScenarioOptions& options)
        : options_(options), world_(seed), plan_(plan(seed, world_.random(), options)) {
        // Clocks go wrong from the start; all else waits until the cluster stands.
        FaultPlan clocks = FaultPlan::none();
        clocks.host.clock_rate_ppm_max = plan_.faults.host.clock_rate_ppm_max;
        clocks.host.wall_offset_max = plan_.faults.host.wall_offset_max;
        world_.set_faults(clocks);
        cluster_ = std::make_unique<SimCluster>(world_, plan_.shape, plan_.work, options.rules);
        if (options.trace)
            world_.set_trace(options.trace);
    }

    Verdict judge() {
        std::string problem = go();
        Verdict verdict;
        verdict.passed = problem.empty();
        verdict.problem = std::move(problem);
        verdict.reached = stage_ && stage_->was_reached();
        verdict.trace_hash = world_.trace_hash();
        verdict.events = world_.events();
        verdict.simulated = {world_.now().nanoseconds};
        verdict.writes = cluster_->state().writes;
        verdict.reads = cluster_->state().reads;
        verdict.flushes = cluster_->state().flushes;
        verdict.probes = world_.probes();
        return verdict;
    }

  private:
    static SeedPlan plan(uint64_t seed, Random& random, const ScenarioOptions& options) {
        if (options.story == nullptr)
            return SeedPlan::draw(seed, random, options.power_cuts, options.focus);
        SeedPlan plan;
        plan.shape = options.story->shape;
        plan.faults = FaultPlan::none();
        return plan;
    }

    std::string go() {
        if (!cluster_->bring_up())
            return "set-up: " + cluster_->state().failure.value_or("");
        if (options_.story != nullptr)
            play();
        else
            suffer();
        if (cluster_->state().failure)
            return *cluster_->state().failure;
        std::string healed = heal();
        if (!healed.empty() && options_.demand_healing)
            return healed;
        if (!healed.empty())
            return cluster_->state().history.check().value_or("");
        if (!cluster_->read_back())
            return "reading back: " + cluster_->state().failure.value_or("");
        if (auto found = cluster_->state().history.check())
            return *found;
        if (cluster_->told_of_difference() && !cluster_->expects_difference())
            return "replicas were said to differ, and nobody had made them differ (I8)";
        if (cluster_->told_of_shared_host())
            return "machines were said to have one host ID, and each has its own (I8)";
        if (std::string found = cluster_->audit(); !found.empty())
            return found;
        return cluster_->compare_catalogues();
    }

    void play() {
        stage_.emplace(world_, *cluster_);
        options_.story->play(*stage_);
    }

    // Safety under faults.
    void suffer() {
        world_.set_faults(plan_.faults);
        Nemesis& nemesis = nemesis_.emplace(world_, *cluster_, plan_.nemesis);
        cluster_->start_clients();
        const SimTime until = world_.now() + plan_.faults_for;
        SimTime next = world_.now() + nemesis.next_gap();
        while (world_.now() < until && !cluster_->state().failure) {
            world_.run_for(std::min(next - world_.now(), milliseconds(100)));
            cluster_->supervise();
            nemesis.supervise();
            cluster_->note_losses();
            if (world_.now() >= next) {
                nemesis.strike();
                next = world_.now() + nemesis.next_gap();
            }
        }
    }

    // No more faults: clients finish, everything becomes whole.
    std::string heal() {
        cluster_->state().stop = true;
        world_.heal();
        cluster_->start_all_now();
        const auto clients_done = [this] {
            return std::ranges::none_of(
                cluster_->services(), [](const SimCluster::Service& service) {
                    return service.kind == SimCluster::Service::Kind::client && service.running();
                });
        };
        const SimTime until = world_.now() + options_.heal_within;
        // A scrub of all that is whole finds nothing.
        std::optional<SimCluster::ScrubMark> mark;
        while (world_.now() < until) {
            world_.run_for(milliseconds(250));
            cluster_->supervise();
            if (nemesis_)
                nemesis_->supervise();
            cluster_->note_losses();
            if (cluster_->state().failure)
                return *cluster_->state().failure;
            const bool done = clients_done() && (!nemesis_ || nemesis_->is_done());
            if (!done || !cluster_->converged())
                mark.reset();
            else if (!mark || mark->term != cluster_->scrub_mark().term)
                mark = cluster_->scrub_mark();
            else if (cluster_->scrubbed_since(*mark))
                return "";
        }
        return fmt::format("after the faults ended it did not become whole (I4): {}{}",
                           cluster_->state_text(),
                           clients_done() ? "" : "; clients have not finished") +
               (nemesis_ && !nemesis_->is_done() ? "; an administrator has not finished" : "");
    }

    const ScenarioOptions& options_;
    World world_;
    SeedPlan plan_;
    std::unique_ptr<SimCluster> cluster_;
    std::optional<Nemesis> nemesis_;
    // After the cluster: its actors' programs point to them.
    std::optional<Stage> stage_;
};

}  // namespace

Verdict run_scenario(uint64_t seed, const ScenarioOptions& options) {
    Run run(seed, options);
    return run.judge();
}

}  // namespace cairn::sim
