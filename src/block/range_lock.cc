#include "block/range_lock.h"

namespace cairn::block {

void RangeLock::leave(Hold& hold) {
    claims_.leave(hold, [this](RangeClaim& claim) {
        // One that is not awaited yet finds itself granted when it is.
        const auto& granted = static_cast<Hold&>(claim);
        if (granted.waiter_ && !loop_.abandoned())
            loop_.post(granted.waiter_);
    });
}

}  // namespace cairn::block
