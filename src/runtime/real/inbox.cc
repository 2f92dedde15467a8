#include "runtime/real/inbox.h"

#include <sys/eventfd.h>

#include "base/check.h"

namespace cairn::real {

Inbox::Inbox() : event_(::eventfd(0, EFD_CLOEXEC)) {
    CHECK_NOTE(event_.number() >= 0, "no eventfd");
}

void Inbox::post(Work work) {
    bool first = false;
    {
        const std::lock_guard guard(mutex_);
        if (closed_)
            return;
        first = waiting_.empty();
        waiting_.push_back(std::move(work));
    }
    const uint64_t one = 1;
    if (first)  // whoever takes it takes what follows too
        CHECK(::write(event_.number(), &one, sizeof one) == sizeof one);
}

std::vector<Inbox::Work> Inbox::take() {
    const std::lock_guard guard(mutex_);
    return std::exchange(waiting_, {});
}

void Inbox::close() {
    std::vector<Work> dropped;  // outlives the lock, for what it owns may post in its turn
    {
        const std::lock_guard guard(mutex_);
        closed_ = true;
        dropped.swap(waiting_);
    }
}

}  // namespace cairn::real
