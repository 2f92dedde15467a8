// Connection: one client of a server, from the greeting to the end of its last request. The server
// owns it and runs it in a scope. A client that vanishes, stalls or talks nonsense ends its own
// connection and nothing else.
#pragma once

#include <memory>
#include <span>

#include "base/time.h"
#include "front/nbd/export.h"
#include "front/nbd/negotiation.h"
#include "front/nbd/stream_input.h"
#include "runtime/network.h"
#include "runtime/runtime.h"

namespace cairn::nbd {

class Transmission;

struct ConnectionLimits {
    // Payload bytes of requests that are not answered yet; one larger request goes alone.
    uint64_t in_flight_bytes_max = 16 << 20;
    Duration handshake_timeout = seconds(30);
    // How long a client that does not read its answers can hold up a server that stops.
    Duration stop_grace = seconds(10);
};

class Connection {
  public:
    // `exports` outlives the connection. `number` is for the log.
    Connection(Runtime& runtime, std::span<const Export> exports, ConnectionLimits limits,
               std::unique_ptr<Stream> stream, uint64_t number);

    Task<void> run();
    // Ends the connection: at once during the handshake, later after what is in flight.
    void stop();

  private:
    Task<void> serve();
    Task<void> transmit(Agreement agreement);
    Task<void> limit_handshake();
    void log(Severity severity, const std::string& text);

    Runtime& runtime_;
    std::span<const Export> exports_;
    ConnectionLimits limits_;
    std::unique_ptr<Stream> stream_;
    uint64_t number_;
    StreamInput input_;
    Scope helpers_;
    Event handshake_over_;
    Transmission* transmission_ = nullptr;  // while it runs
    bool stopping_ = false;
};

}  // namespace cairn::nbd
