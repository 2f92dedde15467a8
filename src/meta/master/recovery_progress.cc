#include "meta/master/recovery_progress.h"

#include <algorithm>

namespace cairn::meta {

namespace {
constexpr Duration looked_back = seconds(60);
}

void RecoveryProgress::copied(Instant now) {
    while (!seconds_.empty() && now - seconds_.front().first > looked_back)
        seconds_.pop_front();
    if (seconds_.empty() || now - seconds_.back().first >= seconds(1))
        seconds_.emplace_back(now, 0);
    seconds_.back().second++;
}

// The first second only says when it began: what was made in it began before.
Duration RecoveryProgress::left(uint64_t replicas, Instant now) const {
    uint64_t made = 0;
    Instant since;
    bool begun = false;
    for (const auto& [second, count] : seconds_) {
        if (now - second > looked_back)
            continue;
        if (begun)
            made += count;
        else
            since = second;
        begun = true;
    }
    if (made == 0 || replicas == 0)
        return {};
    const int64_t passed_ms = std::max<int64_t>((now - since).milliseconds(), 1000);
    return milliseconds(static_cast<int64_t>(static_cast<uint64_t>(passed_ms) * replicas / made));
}

}  // namespace cairn::meta
