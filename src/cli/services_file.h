// The services of a cluster that were made on this host, in
// ROOT/etc/vstorage/clusters/NAME/services, so that they can be listed, found by their repository,
// and started. Text, a line each:
//     mds 1 /vstorage/stor1-mds
//     cs 1025 /vstorage/stor1-cs 10.0.0.1:3000     (the address only where one was chosen)
// Written by commands, read by commands and daemons. Which repository is whose is said by the
// repository itself; nothing depends on this file but convenience.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "rpc/cluster_files.h"

namespace cairn::cli {

enum class ServiceKind : uint8_t { mds, cs };

struct Service {
    ServiceKind kind = ServiceKind::mds;
    uint32_t id = 0;
    std::string repository;
    Address address;  // none: chosen when it starts

    bool operator==(const Service&) const = default;
};

// What is not a service is left out.
[[nodiscard]] std::vector<Service> parse_services(const std::string& text);
[[nodiscard]] std::string services_text(const std::vector<Service>& services);

// Empty where there are none.
Task<Result<std::vector<Service>>> load_services(Runtime& runtime, const rpc::ClusterFiles& files,
                                                 std::string cluster);
// Replaces what was known of the same repository.
Task<Result<void>> add_service(Runtime& runtime, const rpc::ClusterFiles& files,
                               std::string cluster, Service service);
// What was forgotten, if it was known.
Task<Result<std::optional<Service>>> remove_service(Runtime& runtime,
                                                    const rpc::ClusterFiles& files,
                                                    std::string cluster, ServiceKind kind,
                                                    uint32_t id);

}  // namespace cairn::cli
