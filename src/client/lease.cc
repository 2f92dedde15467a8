// The lease of an open file as this client counts it: from before it asked, so that the master's
// count, which is from after it answered and longer by the stated difference of clock rates, always
// ends later.
#include <fmt/core.h>

#include "client/client.h"
#include "client/open_file.h"

namespace cairn::client {

bool OpenFile::lease_valid() const {
    return !lost_ && (runtime_.clock.now() < lease_until_ || !rules_.complete_within_lease);
}

Error OpenFile::lost_error() const {
    return {Code::lease_lost, fmt::format("the lease on file {} was ended: {}; reopen the file",
                                          id().number, lost_reason_)};
}

Task<Result<void>> OpenFile::wait_for_lease() {
    while (!lease_valid()) {
        if (lost_)
            co_return lost_error();
        co_await changed_.wait_until(runtime_.loop.now() + milliseconds(200));
    }
    co_return Result<void>();
}

void OpenFile::lease_refreshed(const HeldLease& held, Instant asked_at) {
    if (lost_)
        return;
    if (held.mode != mode_) {
        lease_is_lost("it was revoked, or it ran out and another client was let in");
        return;
    }
    if (held.epoch != epoch_) {
        if (mode_ == LeaseMode::exclusive) {
            lease_is_lost("another lease was given since");
            return;
        }
        // Another reader's lease ended: ours goes on under the new epoch, and the maps are asked
        // for again.
        epoch_ = held.epoch;
        maps_.clear();
    }
    lease_until_ = std::max(lease_until_, asked_at + lease_timeout_);
    changed_.notify_all();
}

void OpenFile::lease_is_lost(std::string reason) {
    lost_ = true;
    lost_reason_ = std::move(reason);
    changed_.notify_all();
}

}  // namespace cairn::client
