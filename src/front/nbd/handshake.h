// The handshake of one connection: greets, lets negotiation.h answer the client's options, and ends
// with an agreement or without a client.
#pragma once

#include <span>

#include "front/nbd/export.h"
#include "front/nbd/negotiation.h"
#include "front/nbd/stream_input.h"
#include "runtime/network.h"
#include "runtime/task.h"

namespace cairn::nbd {

// Fails with cancelled where the client chose to leave, as one that only lists exports does. The
// arguments outlive the task.
Task<Result<Agreement>> shake_hands(Stream& stream, StreamInput& input,
                                    std::span<const Export> exports);

}  // namespace cairn::nbd
