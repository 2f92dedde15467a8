#include "sim/cs_replacement.h"

#include <fmt/core.h>

#include "meta/catalogue/catalogue.h"
#include "sim/programs.h"

namespace cairn::sim {

using Kind = SimCluster::Service::Kind;

SimCluster::Service& CsReplacement::service() const {
    return cluster_.service(Kind::cs, index_);
}

void CsReplacement::begin() {
    if (under_way())
        return;
    index_ =
        world_.random().below(size_t{cluster_.shape().cs_hosts} * cluster_.shape().cs_per_host);
    // What rots stays, so that only one does.
    if (service().rots)
        return;
    keep_held_ = false;
    if (world_.random().below(3) == 0)
        return begin_dropping();
    stage_ = Stage::asking;
    // Also where it does not come to an end: too few others are left for what it holds since.
    const bool soon = world_.random().below(3) == 0;
    give_up_at_ = world_.now() +
                  milliseconds(static_cast<int64_t>(soon ? world_.random().below(3000) : 60'000));
}

void CsReplacement::begin_dropping() {
    service().held = true;
    cluster_.kill(service(), Duration());
    stage_ = Stage::dropping;
}

bool CsReplacement::drop(size_t index) {
    if (under_way())
        return false;
    index_ = index;
    keep_held_ = true;
    begin_dropping();
    return true;
}

void CsReplacement::run(Machine& machine, const std::string& name, Step step) {
    if (!machine.powered())
        return;
    outcome_ = std::make_shared<std::optional<Result<void>>>();
    process_ = &world_.start(machine, name, [step, outcome = outcome_](Runtime& runtime) {
        return store_outcome(step(runtime), outcome);
    });
}

void CsReplacement::run_stage() {
    const CsId cs = service().cs;
    const auto ask = [this, cs](CsRemoval removal) {
        run(*cluster_.client_hosts()[0], "rm-cs",
            [access = cluster_.access(), cs, removal](Runtime& runtime) {
                return remove_cs(runtime, access, cs, removal);
            });
    };
    switch (stage_) {
        case Stage::asking: return ask(CsRemoval::drain);
        case Stage::cancelling: return ask(CsRemoval::cancel);
        case Stage::dropping: return ask(CsRemoval::force);
        case Stage::making: {
            // What an attempt that was cut short has left behind is not used.
            const std::string path =
                fmt::format("{}-{}", cluster_.first_path(service()), ++repositories_made_);
            service().path = path;
            return run(*service().machine, "make-cs",
                       [access = cluster_.access(), path, host = service().host_id,
                        &number = service().cs](Runtime& runtime) {
                           return make_cs(runtime, path, access, host, number);
                       });
        }
        case Stage::idle:
        case Stage::draining: return;
    }
}

void CsReplacement::take_out() {
    service().held = true;
    cluster_.kill(service(), Duration());
    stage_ = Stage::making;
}

void CsReplacement::step_succeeded() {
    switch (stage_) {
        case Stage::asking: stage_ = Stage::draining; return;
        case Stage::dropping: world_.hit_probe("chunk server dropped"); return take_out();
        case Stage::cancelling:
            world_.hit_probe("removal of a chunk server cancelled");
            stage_ = Stage::idle;
            return;
        case Stage::making:
            cluster_.use_chunk_repository(service());
            service().held = false;
            stage_ = Stage::idle;
            world_.hit_probe("chunk server replaced");
            return;
        case Stage::idle:
        case Stage::draining: return;
    }
}

// What is refused for good is let be: too few servers would remain, or data would be lost; or it is
// gone since the answer to a former attempt was lost.
void CsReplacement::step_failed() {
    const Code code = (*outcome_)->error().code();
    if (world_.traces())
        world_.say("operator", (*outcome_)->error().message());
    if (code == Code::not_found && stage_ != Stage::making)
        return take_out();
    const bool refused = code == Code::no_space || code == Code::not_empty;
    if (stage_ == Stage::asking && refused)
        stage_ = Stage::idle;
    if (stage_ == Stage::cancelling && code == Code::invalid_argument)
        stage_ = Stage::idle;
    if (stage_ == Stage::dropping && refused) {
        service().held = keep_held_;
        stage_ = Stage::idle;
    }
}

bool CsReplacement::step_is_over() {
    if (process_ != nullptr && process_->running())
        return false;
    process_ = nullptr;
    if (outcome_ && *outcome_) {
        if ((*outcome_)->has_value())
            step_succeeded();
        else
            step_failed();
    }
    outcome_.reset();
    return true;
}

void CsReplacement::look_whether_gone() {
    const meta::Catalogue* catalogue = cluster_.newest_catalogue();
    // One that has not caught up may not know it yet.
    if (catalogue == nullptr || cluster_.master() == nullptr)
        return;
    if (!catalogue->servers().contains(service().cs))
        return take_out();
    if (world_.now() >= give_up_at_)
        stage_ = Stage::cancelling;
}

void CsReplacement::supervise() {
    if (!under_way() || !step_is_over())
        return;
    if (stage_ == Stage::draining)
        look_whether_gone();
    run_stage();
}

}  // namespace cairn::sim
