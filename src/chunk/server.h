// ChunkServer: one chunk server as a whole: its store, its service on the network, its
// registration. The daemon csd is this and a main; the simulator runs the same. run() returns when
// it was told to stop and has stopped cleanly, or with the reason why this server cannot go on: a
// disk that failed is not tried again.
#pragma once

#include <memory>
#include <string>

#include "chunk/registration.h"
#include "chunk/rules.h"
#include "chunk/service.h"
#include "chunk/store.h"
#include "rpc/cluster_files.h"
#include "rpc/server.h"
#include "runtime/runtime.h"

namespace cairn::chunk {

struct ServerOptions {
    rpc::ClusterAccess access;
    HostId host;
    StoreOptions store;
    rpc::ClusterFiles* files = nullptr;  // this host's; outlives the server
    Address listen;  // no host: that of the connection to the master; port 0: any free one
    Duration heartbeat_interval = seconds(1);
    // Longer than any order is under way.
    Duration forget_files_after = seconds(3600);
    ServiceRules service_rules;
    rpc::Rules rpc_rules;
};

class ChunkServer {
  public:
    ChunkServer(Runtime& runtime, ServerOptions options);
    ~ChunkServer();

    Task<Result<void>> run(Event& stop);
    // Where it serves, once it does.
    [[nodiscard]] const Address& address() const { return address_; }

  private:
    Task<Result<void>> serve(Event& stop);

    Runtime& runtime_;
    ServerOptions options_;
    Address address_;
    std::unique_ptr<ChunkStore> store_;
};

}  // namespace cairn::chunk
