#include "chunk/repair_pace.h"

#include <algorithm>

namespace cairn::chunk {

namespace {

constexpr Duration window = milliseconds(100);
// What is known of a load without repair is good for so long.
constexpr Duration quiet_lasts = seconds(10);
constexpr Duration forgotten_after = seconds(2);
// Waiting a third longer, and a little that no client notices, is too long.
constexpr uint64_t unnoticed_us = 20;
// What waits longest is what stands behind a burst: after a pause hardly more comes at once than
// without one.
constexpr Duration burst = milliseconds(2);

}  // namespace

uint64_t RepairPace::rate() const {
    return limit_ == 0 ? rate_ : std::min(rate_, limit_);
}

void RepairPace::judge(uint64_t requests, uint64_t latency_us) {
    if (requests == 0) {
        rate_ = std::min(rate_ * 2, most_rate);
        return;
    }
    // Where repair makes nobody wait, the shortest wait seen is the one without it.
    if (quiet_us_ == 0 || latency_us < quiet_us_)
        quiet_us_ = std::max<uint64_t>(latency_us, 1);
    const bool too_long = latency_us > quiet_us_ * 4 / 3 + unnoticed_us;
    rate_ = too_long ? std::max(rate_ * 7 / 10, least_rate) : std::min(rate_ * 5 / 4, most_rate);
}

void RepairPace::adjust(const ClientLoad& clients, Instant now) {
    if (now - judged_ < window)
        return;
    // Nothing was copied for a while: what happened meanwhile says nothing of a copy's effect.
    const bool fresh = now - judged_ < forgotten_after;
    const uint64_t requests = clients.requests - before_.requests;
    clients_idle_ = requests == 0;
    const uint64_t latency_us =
        requests == 0 ? 0 : (clients.latency_sum_us - before_.latency_sum_us) / requests;
    if (!fresh || listening_) {
        quiet_us_ = latency_us;
        quiet_known_ = now;
        listening_ = false;
        if (!fresh)
            rate_ = first_rate;
    } else {
        judge(requests, latency_us);
        if (requests > 0 && now - quiet_known_ > quiet_lasts) {
            listening_ = true;
            next_ = std::max(next_, now + window);
        }
    }
    before_ = clients;
    judged_ = now;
}

bool RepairPace::set_limit(uint64_t bytes_per_second, Instant now) {
    if (bytes_per_second == limit_)
        return false;
    limit_ = bytes_per_second;
    next_ = std::min(next_, now);
    return true;
}

Instant RepairPace::turn(const ClientLoad& clients, Instant now) {
    adjust(clients, now);
    return std::max(next_, now);
}

void RepairPace::take(uint64_t bytes, Instant now) {
    const Instant start = std::max(next_, now - burst);
    next_ = start + Duration{static_cast<int64_t>(bytes * 1'000'000'000 / rate())};
}

}  // namespace cairn::chunk
