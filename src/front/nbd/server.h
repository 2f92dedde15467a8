// Server: serves a fixed list of exports to NBD clients, over any number of listeners, on one loop.
// It owns neither the devices nor the listeners; both outlive it. All clients of an export share
// its one device, so that a flush on any connection covers the writes of all.
#pragma once

#include <map>
#include <vector>

#include "front/nbd/connection.h"
#include "front/nbd/export.h"
#include "runtime/network.h"
#include "runtime/runtime.h"

namespace cairn::nbd {

struct ServerLimits {
    size_t connections_max = 128;  // further clients are hung up on
    ConnectionLimits connection;
};

class Server {
  public:
    // At least one export, each under its own name.
    Server(Runtime& runtime, std::vector<Export> exports, ServerLimits limits = {});

    // Takes clients from `listener` until `stop` is set. Then takes no more, lets what is in flight
    // end, and flushes every device; fails if a flush does. A listener that fails for good sets
    // `stop` by itself. May run for several listeners at once.
    Task<Result<void>> serve(Listener& listener, Event& stop);

    [[nodiscard]] const std::vector<Export>& exports() const { return exports_; }
    [[nodiscard]] size_t connections() const { return connections_.size(); }

  private:
    Task<Result<void>> accept_clients(Listener& listener, Event& stop, Scope& clients);
    Task<void> close_when_stopped(Listener& listener, Event& stop);
    Task<void> serve_client(std::unique_ptr<Stream> stream, Event& stop);
    Task<Result<void>> flush_all();

    Runtime& runtime_;
    std::vector<Export> exports_;
    ServerLimits limits_;
    std::map<uint64_t, Connection*> connections_;  // by number
    uint64_t next_number_ = 1;
};

}  // namespace cairn::nbd
