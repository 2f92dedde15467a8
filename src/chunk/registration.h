// Registration: a chunk server's talk with the master: it says that it started and what it holds,
// then sends heartbeats; the same again to each new master. It never decides anything: what may be
// served, the master orders.
#pragma once

#include "chunk/service.h"
#include "chunk/store.h"
#include "rpc/master_link.h"
#include "runtime/runtime.h"
#include "wire/cs_messages.h"

namespace cairn::chunk {

struct RegistrationOptions {
    HostId host;
    Address address;  // where this server serves
    std::string repository;
    uint8_t tier = 0;
    uint32_t flags = 0;
    Duration heartbeat_interval = seconds(1);
};

class Registration {
  public:
    Registration(Runtime& runtime, ChunkStore& store, ChunkService& service,
                 rpc::MasterLink& master, RegistrationOptions options)
        : runtime_(runtime),
          store_(store),
          service_(service),
          master_(master),
          options_(std::move(options)) {}

    // Until `stop` is set, or the cluster refuses this server for ever (then with the reason).
    Task<Result<void>> run(Event& stop);
    [[nodiscard]] bool registered() const { return registered_; }

  private:
    Task<Result<void>> register_all();
    Task<Result<void>> beat();
    [[nodiscard]] CsStartRequest start_request();
    [[nodiscard]] CsSpace space() const;

    Runtime& runtime_;
    ChunkStore& store_;
    ChunkService& service_;
    rpc::MasterLink& master_;
    RegistrationOptions options_;
    bool registered_ = false;
    bool told_once_ = false;
};

}  // namespace cairn::chunk
