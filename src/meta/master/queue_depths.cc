#include "meta/master/queue_depths.h"

#include <algorithm>

namespace cairn::meta {

namespace {
constexpr Duration looked_back = seconds(60);
// Heartbeats that come faster than that are not kept.
constexpr Duration apart = milliseconds(900);
}  // namespace

void QueueDepths::heard(CsId cs, Instant now, uint32_t depth_tenths,
                        std::vector<HotChunk> hottest) {
    Heard& heard = servers_[cs];
    heard.hottest = std::move(hottest);
    while (!heard.depths.empty() && now - heard.depths.front().first > looked_back)
        heard.depths.pop_front();
    if (heard.depths.empty() || now - heard.depths.back().first >= apart)
        heard.depths.emplace_back(now, depth_tenths);
}

std::vector<placement::ServerLoad> QueueDepths::loads(Instant now) const {
    std::vector<placement::ServerLoad> loads;
    for (const auto& [cs, heard] : servers_) {
        uint64_t sum = 0;
        uint64_t count = 0;
        for (const auto& [when, tenths] : heard.depths) {
            if (now - when > looked_back)
                continue;
            sum += tenths;
            count++;
        }
        if (count > 0)
            loads.push_back({cs, static_cast<uint32_t>(sum / count)});
    }
    return loads;
}

std::vector<HotChunk> QueueDepths::hottest(CsId cs) const {
    const auto at = servers_.find(cs);
    return at == servers_.end() ? std::vector<HotChunk>() : at->second.hottest;
}

uint32_t QueueDepths::average_tenths(Instant now) const {
    uint64_t sum = 0;
    const std::vector<placement::ServerLoad> all = loads(now);
    for (const placement::ServerLoad& load : all)
        sum += load.depth_tenths;
    return all.empty() ? 0 : static_cast<uint32_t>(sum / all.size());
}

uint32_t QueueDepths::maximum_tenths(Instant now) const {
    uint32_t most = 0;
    for (const auto& [cs, heard] : servers_) {
        for (const auto& [when, tenths] : heard.depths)
            most = now - when > looked_back ? most : std::max(most, tenths);
    }
    return most;
}

}  // namespace cairn::meta
