// CallTable: the calls of a connection that wait for their responses, by request id. An id holds a
// slot and the slot's generation, so that finding a call neither hashes nor allocates, and a
// response to a call that is over is told apart from one to its successor.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/wait.h"
#include "wire/frame.h"

namespace cairn::rpc {

// Lives in the caller's frame.
struct PendingCall {
    explicit PendingCall(Loop& loop) : settled(loop) {}

    Event settled;
    std::optional<Frame> response;  // none: the connection was lost
};

class CallTable {
  public:
    struct Taken {
        PendingCall* call = nullptr;  // null: the caller gave up
        uint64_t charge = 0;          // of the window; to be released now
    };

    [[nodiscard]] uint64_t add(PendingCall& call, uint64_t charge);
    // The caller gives up. The request is still in flight at the peer, so its charge stays until
    // take().
    void give_up(uint64_t request);
    // For the response to `request`; none if no call has or had this id, or it was taken before.
    std::optional<Taken> take(uint64_t request);
    // Settles all calls without a response, in the order of their slots.
    void settle_all();
    [[nodiscard]] size_t count() const { return count_; }

  private:
    struct Slot {
        uint32_t generation = 0;
        bool used = false;
        PendingCall* call = nullptr;
        uint64_t charge = 0;
    };
    Slot* find(uint64_t request);

    std::vector<Slot> slots_;
    std::vector<uint32_t> free_;
    size_t count_ = 0;
};

}  // namespace cairn::rpc
