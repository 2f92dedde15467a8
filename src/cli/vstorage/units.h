// The systemd unit of one service, made with its repository, so that each is started, watched and
// restarted by itself: vstorage-csd.CLUSTER.1025.service, wanted by vstorage-csd.target.
#pragma once

#include <string>

#include "cli/cluster_connection.h"
#include "cli/command_context.h"
#include "cli/services_file.h"

namespace cairn::cli {

// Writes the unit where services are those of this host (the root is /); elsewhere nothing.
Task<Result<void>> install_unit(CommandContext context, std::string cluster, Service service);
// Takes it away again; the service itself, if it runs, is not stopped.
Task<Result<void>> remove_unit(CommandContext context, std::string cluster, Service service);

// A service that the cluster knows no more: its place in the list of services goes, and its unit.
// None: it was not made on this host.
Task<Result<std::optional<Service>>> forget_service(ClusterConnection& cluster, ServiceKind kind,
                                                    uint32_t id);

[[nodiscard]] std::string unit_name(const std::string& cluster, const Service& service);
[[nodiscard]] std::string unit_text(const std::string& cluster, const Service& service);

}  // namespace cairn::cli
