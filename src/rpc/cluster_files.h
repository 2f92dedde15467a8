// The few files by which a host knows clusters, under one root (/ in production; tests and the demo
// redirect it with CAIRN_ROOT):
//     ROOT/etc/vstorage/host_id                           16 hexadecimal digits, made at first use
//     ROOT/etc/vstorage/clusters/NAME/bs.list             known metadata servers, IP:PORT a line
//     ROOT/etc/vstorage/clusters/NAME/auth_digest.key     the key; without it this host is a
//     stranger
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "base/ids.h"
#include "rpc/key.h"
#include "runtime/runtime.h"

namespace cairn::rpc {

constexpr uint16_t default_mds_port = 2510;

// What it takes to talk to a cluster.
struct ClusterAccess {
    std::string name;
    KeyFile key;
    // Metadata servers as their peers know them; clients and chunk servers use the next port.
    std::vector<Address> servers;
};

class ClusterFiles {
  public:
    ClusterFiles(Runtime& runtime, std::string root) : runtime_(runtime), root_(std::move(root)) {}

    // not_found, with what to do, where this host has not been authenticated or knows no metadata
    // server.
    Task<Result<ClusterAccess>> load(std::string name);
    Task<Result<void>> save_key(std::string name, KeyFile key);
    Task<Result<void>> save_servers(std::string name, std::vector<Address> servers);
    // Without a key it is empty, not an error.
    Task<Result<std::vector<Address>>> load_servers(std::string name);
    // Clusters that this host has a folder for, sorted.
    Task<Result<std::vector<std::string>>> list();
    // Makes one if there is none.
    Task<Result<HostId>> host_id();

    [[nodiscard]] std::string cluster_directory(const std::string& name) const;
    [[nodiscard]] const std::string& root() const { return root_; }

  private:
    Runtime& runtime_;
    std::string root_;
};

// [A-Za-z0-9_-]+, at most 63 characters (MDS-001).
[[nodiscard]] Result<void> check_cluster_name(const std::string& name);

}  // namespace cairn::rpc
