#include "sim/mds_replacement.h"

#include <fmt/core.h>

#include "meta/catalogue/catalogue.h"
#include "sim/programs.h"

namespace cairn::sim {

using Kind = SimCluster::Service::Kind;

void MdsReplacement::begin() {
    const meta::Catalogue* catalogue = cluster_.newest_catalogue();
    if (under_way() || catalogue == nullptr)
        return;
    index_ = world_.random().below(cluster_.shape().metadata_servers);
    const Machine& machine = *cluster_.service(Kind::mds, index_).machine;
    address_ = {machine.addresses()[0], rpc::default_mds_port};
    for (const auto& [mds, record] : catalogue->metadata_servers()) {
        if (record.address != address_)
            continue;
        removed_ = mds;
        stage_ = Stage::removing;
    }
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
    outcome_.reset();
    if (succeeded)
        return step_succeeded();
    if (stage_ == Stage::removing)
        return run(*cluster_.client_hosts()[0], "rm-mds",
                   [access = cluster_.access(), mds = removed_](Runtime& runtime) {
                       return remove_mds(runtime, access, mds);
                   });
    // What an attempt that was cut short has left behind is not used.
    const std::string path = fmt::format("/mds-{}", ++repositories_made_);
    run(*cluster_.service(Kind::mds, index_).machine, "make-mds",
        [access = cluster_.access(), path, address = address_](Runtime& runtime) {
            return make_further_mds(runtime, path, access, address);
        });
}

}  // namespace cairn::sim
