// Mailbox: hands work to another loop of the same process; the only way from one loop to another.
// Work posted through one mailbox runs in the order in which it was posted; between mailboxes there
// is no order. It runs on the receiving loop, must not block, and is dropped unrun if the process
// ends before.
#pragma once

#include <functional>

namespace cairn {

class Mailbox {
  public:
    virtual ~Mailbox() = default;
    // Called on the sending loop. What `work` owns moves with it: it shares nothing with the
    // sender, Buffers included, whose counts are not atomic.
    virtual void post(std::move_only_function<void()> work) = 0;
};

}  // namespace cairn
