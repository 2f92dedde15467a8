// Inbox: work that other threads hand to a reactor, behind a lock, with an eventfd that wakes the
// reactor when the first piece comes in. Mailboxes share it with its reactor, so that either may go
// first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/mailbox.h"
#include "runtime/real/descriptor.h"

namespace cairn::real {

class Inbox {
  public:
    using Work = std::move_only_function<void()>;

    Inbox();
    [[nodiscard]] int event_descriptor() const { return event_.number(); }

    // On any thread.
    void post(Work work);
    // On the reactor's thread: what has come in so far, in order.
    [[nodiscard]] std::vector<Work> take();
    // From here on work is dropped, on the thread that posts it.
    void close();

  private:
    Descriptor event_;
    std::mutex mutex_;
    std::vector<Work> waiting_;
    bool closed_ = false;
};

class RealMailbox final : public Mailbox {
  public:
    explicit RealMailbox(std::shared_ptr<Inbox> inbox) : inbox_(std::move(inbox)) {}
    void post(std::move_only_function<void()> work) override { inbox_->post(std::move(work)); }

  private:
    std::shared_ptr<Inbox> inbox_;
};

}  // namespace cairn::real
