// What an administrator does to a simulated cluster: repositories, removals, attributes, leases.
#include <algorithm>
#include <memory>
#include <optional>

#include "sim/cluster.h"
#include "sim/programs.h"

namespace cairn::sim {

void SimCluster::use_repository(Service& service, std::string path) {
    service.path = path;
    service.main = [this, name = service.name, path = std::move(path)] {
        return mds_program(*this, name, path, access(), rules_);
    };
}

void SimCluster::use_chunk_repository(Service& service) {
    service.main = [this, path = service.path, host = service.host_id, listen = service.listen] {
        return cs_program(path, access(), host, listen, shape_.staging_bytes, rules_);
    };
}

std::string SimCluster::first_path(const Service& service) {
    return service.path.substr(0, service.path.find("/cs") + 3);
}

const SimCluster::Service* SimCluster::chunk_server(CsId cs) const {
    const auto at = std::ranges::find_if(services_, [cs](const Service& service) {
        return service.kind == Service::Kind::cs && service.cs == cs;
    });
    return at == services_.end() ? nullptr : &*at;
}

void SimCluster::revoke_leases_of(std::string host) {
    Machine& machine = *mds_hosts_[0];
    if (!machine.powered())
        return;
    world_.start(machine, "revoke", [this, host](Runtime& runtime) {
        return store_outcome(revoke_leases(runtime, access(), host),
                             std::make_shared<std::optional<Result<void>>>());
    });
}

void SimCluster::remove_chunk_server(CsId cs, CsRemoval removal) {
    world_.start(*client_hosts_[0], "rm-cs", [this, cs, removal](Runtime& runtime) {
        return store_outcome(remove_cs(runtime, access(), cs, removal),
                             std::make_shared<std::optional<Result<void>>>());
    });
}

void SimCluster::set_config(std::string name, std::string value) {
    world_.start(*client_hosts_[0], "set-config", [this, name, value](Runtime& runtime) {
        return store_outcome(sim::set_config(runtime, access(), name, value),
                             std::make_shared<std::optional<Result<void>>>());
    });
}

Process* SimCluster::change_attributes(SetAttributesRequest attributes) {
    if (!client_hosts_[1]->powered())
        return nullptr;
    least_minimum_ = std::min(least_minimum_, attributes.replicas_min.value_or(least_minimum_));
    return &world_.start(*client_hosts_[1], "set-attr", [this, attributes](Runtime& runtime) {
        return store_outcome(set_attributes(runtime, client_options(98), attributes),
                             std::make_shared<std::optional<Result<void>>>());
    });
}

void SimCluster::forget_chunk_server(Service& service) {
    kill(service, Duration());
    service.held = true;
    chunk_servers_--;
}

}  // namespace cairn::sim
