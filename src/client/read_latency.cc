#include "client/read_latency.h"

#include <algorithm>
#include <bit>

#include "base/size.h"

namespace cairn::client {

size_t LatencyHistogram::bucket_of(Duration latency) {
    const auto us = static_cast<uint64_t>(std::max<int64_t>(latency.microseconds(), 1));
    const auto octave = static_cast<size_t>(std::bit_width(us) - 1);
    const uint64_t quarter = octave < 2 ? us << (2 - octave) : us >> (octave - 2);
    return std::min(octave * 4 + static_cast<size_t>(quarter & 3), buckets - 1);
}

Duration LatencyHistogram::top_of(size_t bucket) {
    const size_t octave = bucket / 4;
    const auto quarters = static_cast<int64_t>(bucket % 4 + 5);
    return microseconds((quarters << octave) / 4);
}

void LatencyHistogram::add(Duration latency) {
    counts_[bucket_of(latency)]++;
    samples_++;
    if (samples_ >= samples_fade) {
        samples_ = 0;
        for (uint16_t& count : counts_) {
            count /= 2;
            samples_ += count;
        }
    }
    // The first ones say little, and each much.
    if (++since_look_ >= looks_every || samples_ <= samples_least) {
        since_look_ = 0;
        look();
    }
}

void LatencyHistogram::look() {
    uint32_t above = 0;
    size_t bucket = buckets;
    while (bucket > 0 && (above + counts_[bucket - 1]) * 20 <= samples_)
        above += counts_[--bucket];
    percentile_95_ = bucket == 0 ? Duration() : top_of(bucket - 1);
}

bool ReadLatency::is_large(uint64_t bytes) {
    return bytes > 64 * kib;
}

void ReadLatency::began() {
    credit_ = std::min(credit_ + 1, reads_per_hedge * hedges_at_once);
}

void ReadLatency::answered(CsId cs, uint64_t bytes, Duration latency) {
    Server& server = servers_[cs];
    (is_large(bytes) ? server.large : server.small).add(latency);
    if (latency <= patience_most && server.late == 0)
        server.avoid_for = Duration();
}

Duration ReadLatency::patience(CsId instead, uint64_t bytes) const {
    const auto server = servers_.find(instead);
    if (server == servers_.end())
        return patience_unknown;
    const LatencyHistogram& known = is_large(bytes) ? server->second.large : server->second.small;
    if (!known.tells())
        return patience_unknown;
    return std::clamp(known.percentile_95(), patience_least, patience_most);
}

bool ReadLatency::may_hedge() {
    if (credit_ < reads_per_hedge)
        return false;
    credit_ -= reads_per_hedge;
    hedges_++;
    return true;
}

void ReadLatency::avoid(Server& server, Instant now) {
    server.avoid_for = std::clamp(server.avoid_for * 2, avoid_least, avoid_most);
    server.avoid_until = now + server.avoid_for;
}

void ReadLatency::late(CsId cs, Instant now) {
    Server& server = servers_[cs];
    if (++server.late >= late_is_slow && now >= server.avoid_until)
        avoid(server, now);
}

void ReadLatency::late_ended(CsId cs, bool answered, Instant now) {
    Server& server = servers_[cs];
    server.late -= server.late > 0 ? 1 : 0;
    if (!answered && now >= server.avoid_until)
        avoid(server, now);
}

bool ReadLatency::is_slow(CsId cs, Instant now) const {
    const auto server = servers_.find(cs);
    return server != servers_.end() &&
           (server->second.late >= late_is_slow || now < server->second.avoid_until);
}

}  // namespace cairn::client
