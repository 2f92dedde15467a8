// The programs that run on the hosts of a SimCluster: the daemons' own code, with options fit for a
// simulated world.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rpc/cluster_files.h"
#include "runtime/sim/world.h"
#include "sim/cluster.h"
#include "sim/rules.h"
#include "sim/workload.h"
#include "wire/status_messages.h"

namespace cairn::sim {

// Set-up, once each.
Task<Result<void>> make_first_mds(Runtime& runtime, std::string path, rpc::ClusterAccess access,
                                  Address address);
// `mds`: its number, once that is known.
Task<Result<void>> make_further_mds(Runtime& runtime, std::string path, rpc::ClusterAccess access,
                                    Address address, MdsId& mds);
Task<Result<void>> remove_mds(Runtime& runtime, rpc::ClusterAccess access, MdsId mds);
// `cs`: its number, once it is made.
Task<Result<void>> make_cs(Runtime& runtime, std::string path, rpc::ClusterAccess access,
                           HostId host, CsId& cs);
// What would lose data is refused with Code::not_empty.
Task<Result<void>> remove_cs(Runtime& runtime, rpc::ClusterAccess access, CsId cs,
                             CsRemoval removal);
Task<Result<void>> revoke_leases(Runtime& runtime, rpc::ClusterAccess access, std::string host);
Task<Result<void>> set_config(Runtime& runtime, rpc::ClusterAccess access, std::string name,
                              std::string value);
Task<Result<void>> make_files(Runtime& runtime, client::ClientOptions options,
                              std::vector<std::string> paths, ClusterShape shape);
// Of all files.
Task<Result<void>> set_attributes(Runtime& runtime, client::ClientOptions options,
                                  SetAttributesRequest attributes);
Task<Result<void>> read_everything(Runtime& runtime, client::ClientOptions options,
                                   WorkloadState& state, WorkloadOptions workload,
                                   std::function<Instant()> now);

// Services.
[[nodiscard]] Main mds_program(SimCluster& cluster, std::string name, std::string path,
                               rpc::ClusterAccess access, const AllRules& rules);
[[nodiscard]] Main cs_program(std::string path, rpc::ClusterAccess access, HostId host,
                              Address listen, uint64_t staging_bytes, const AllRules& rules);
[[nodiscard]] Main client_program(client::ClientOptions options, WorkloadState& state,
                                  WorkloadOptions workload, std::function<Instant()> now);

// Keeps what a task gave, for whoever started the process.
Task<void> store_outcome(Task<Result<void>> task,
                         std::shared_ptr<std::optional<Result<void>>> outcome);

}  // namespace cairn::sim
