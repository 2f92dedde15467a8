// The short way to a TCP address of this host: an abstract Unix socket named after it, at 0.6 of
// the cost of TCP over loopback. Like ports, such names belong to the network namespace and go with
// their last descriptor, so that no stale file can be in the way, and containers reach each other
// by it exactly where they share their addresses. Any local program may take such a name:
// connections are made only to one of our own user or of root, and only if this host has the
// address, which may have moved to another since the server began. RealNetwork makes streams and
// listeners of these.
#pragma once

#include "base/address.h"
#include "base/result.h"
#include "runtime/real/descriptor.h"

namespace cairn::real {

// A connected socket; never waits. Fails with unavailable where there is none to be trusted.
[[nodiscard]] Result<Descriptor> nearby_connection(const Address& to);
// A listening socket; fails with busy where another program has the name.
[[nodiscard]] Result<Descriptor> nearby_listener(const Address& at);

// By default a Unix socket holds 200 KiB on their way: a large payload would take many wake-ups of
// both ends. Does what the machine allows.
void widen_send_buffer(int socket);

}  // namespace cairn::real
