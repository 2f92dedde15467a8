// ClusterConnection: a command's way to the master of its cluster. It finds out which cluster is
// meant, reads this host's key, finds the master, says whom it found, and keeps bs.list true to
// what the master says. For one command; close() joins before it is destroyed.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/command_context.h"
#include "rpc/cluster_files.h"
#include "rpc/master_link.h"

namespace cairn::cli {

class ClusterConnection {
  public:
    static Task<Result<std::unique_ptr<ClusterConnection>>> open(CommandContext context);
    Task<void> close();

    [[nodiscard]] rpc::MasterLink& master() { return master_; }
    [[nodiscard]] const rpc::ClusterAccess& access() const { return access_; }
    [[nodiscard]] const CommandContext& context() const { return context_; }

    ClusterConnection(CommandContext context, rpc::ClusterAccess access);

  private:
    Task<Result<void>> greet();

    CommandContext context_;
    rpc::ClusterAccess access_;
    rpc::Links links_;
    rpc::MasterLink master_;
};

// -c if it was given, else the only cluster known here.
Task<Result<std::string>> cluster_name(CommandContext context);
// The name, and what it takes to talk to it.
Task<Result<rpc::ClusterAccess>> cluster_access(CommandContext context);

// Opens a connection, runs `body`, closes it. `body` starts a coroutine; it is not one itself.
using ClusterTask = std::function<Task<Result<void>>(ClusterConnection&)>;
Task<Result<void>> with_cluster(CommandContext context, ClusterTask body);

// Asks the metadata server at `server` who they all are: their addresses towards each other.
struct MetadataServers {
    MdsId answering;
    std::vector<Address> addresses;
};
Task<Result<MetadataServers>> ask_servers(rpc::MasterLink& master);

}  // namespace cairn::cli
