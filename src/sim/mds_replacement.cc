#include "sim/mds_replacement.h"

#include <fmt/core.h>

#include "sim/programs.h"

namespace cairn::sim {

using Kind = SimCluster::Service::Kind;

MdsReplacement::MdsReplacement(World& world, SimCluster& cluster)
    : world_(world), cluster_(cluster) {
    for (uint32_t number = 1; number <= cluster.shape().metadata_servers; number++)
        numbers_.emplace_back(number);
}

void MdsReplacement::begin() {
    if (under_way())
        return;
    index_ = world_.random().below(numbers_.size());
    stage_ = Stage::removing;
}

void MdsReplacement::run(Machine& machine, const std::string& name, Step step) {
    if (!machine.powered())
        return;
    outcome_ = std::make_shared<std::optional<Result<void>>>();
    process_ = &world_.start(machine, name, [step, outcome = outcome_](Runtime& runtime) {
        return store_outcome(step(runtime), outcome);
    });
}

void MdsReplacement::step_succeeded() {
    SimCluster::Service& service = cluster_.service(Kind::mds, index_);
    if (stage_ == Stage::removing) {
        cluster_.kill(service, Duration());
        service.held = true;
        stage_ = Stage::making;
        return;
    }
    cluster_.use_repository(service, fmt::format("/mds-{}", repositories_made_));
    service.held = false;
    stage_ = Stage::idle;
    world_.hit_probe("metadata server replaced");
}

void MdsReplacement::supervise() {
    if (!under_way() || (process_ != nullptr && process_->running()))
        return;
    const bool succeeded = outcome_ && *outcome_ && (*outcome_)->has_value();
    if (outcome_ && *outcome_ && !succeeded && world_.traces())
        world_.say("operator", (**outcome_).error().message());
    outcome_.reset();
    if (succeeded)
        return step_succeeded();
    if (stage_ == Stage::removing)
        return run(*cluster_.client_hosts()[0], "rm-mds",
                   [access = cluster_.access(), mds = numbers_[index_]](Runtime& runtime) {
                       return remove_mds(runtime, access, mds);
                   });
    // What an attempt that was cut short has left behind is not used.
    const std::string path = fmt::format("/mds-{}", ++repositories_made_);
    Machine& machine = *cluster_.service(Kind::mds, index_).machine;
    run(machine, "make-mds",
        [access = cluster_.access(), path, &number = numbers_[index_],
         address = Address{machine.addresses()[0], rpc::default_mds_port}](Runtime& runtime) {
            return make_further_mds(runtime, path, access, address, number);
        });
}

}  // namespace cairn::sim
