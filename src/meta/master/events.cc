#include "meta/master/events.h"

#include "meta/master/master.h"

namespace cairn::meta {

void Events::note(logged::AddEvent event) {
    waiting_.push_back(std::move(event));
}

void Events::server_active(CsId cs) {
    became_active_.insert(cs);
}

CsCounts Events::counts() const {
    CsCounts counts;
    for (const auto& [cs, record] : master_.catalogue().servers()) {
        if (record.sync_epoch == 0 || record.state == CsLoggedState::dropped)
            continue;
        switch (master_.servers.state(cs)) {
            case CsState::active: counts.active++; break;
            case CsState::offline: counts.offline++; break;
            case CsState::unknown:
            case CsState::inactive: counts.inactive++; break;
        }
    }
    return counts;
}

ClusterStatus Events::status() const {
    const CsCounts now = counts();
    const Duration reign = master_.runtime.loop.now() - master_.servers.elected();
    bool waiting = false;
    bool lost = false;  // what was dropped by force held something that nobody else does
    for (const auto& [cs, record] : master_.catalogue().servers()) {
        if (record.sync_epoch != 0 && record.state == CsLoggedState::known &&
            master_.servers.state(cs) == CsState::unknown)
            waiting = true;
        lost |= record.state == CsLoggedState::dropped;
    }
    if (waiting && reign < master_.options.heartbeat_timeout * 2)
        return ClusterStatus::unknown;
    const uint32_t limit = master_.catalogue().settings().offline_cs_max();
    if (limit != 0 && now.offline > limit)
        return ClusterStatus::failure;
    if (now.inactive > 0 || now.offline > 0 || lost)
        return ClusterStatus::degraded;
    return ClusterStatus::healthy;
}

void Events::look_at_status() {
    const ClusterStatus now = status();
    const CsCounts numbers = counts();
    const bool same_numbers = numbers.active == announced_counts_.active &&
                              numbers.inactive == announced_counts_.inactive &&
                              numbers.offline == announced_counts_.offline;
    if (now == ClusterStatus::unknown || (now == announced_ && same_numbers))
        return;
    announced_ = now;
    announced_counts_ = numbers;
    if (now == ClusterStatus::healthy)
        note(cluster_healthy(numbers.active));
    else if (now == ClusterStatus::degraded)
        note(cluster_degraded(numbers));
    else
        note(cluster_failed(numbers, master_.catalogue().settings().offline_cs_max()));
}

void Events::look_at_space() {
    uint64_t total = 0;
    uint64_t free = 0;
    std::set<std::pair<HostId, uint64_t>> filesystems;
    for (const auto& [cs, known] : master_.servers.all()) {
        const CsRecord* record = master_.catalogue().server(cs);
        if (known.state != CsState::active || record == nullptr ||
            !filesystems.emplace(record->host, known.space.filesystem).second)
            continue;
        total += known.space.total;
        free += known.space.free;
    }
    if (total == 0)
        return;
    if (!space_announced_ && announced_ != ClusterStatus::unknown) {
        space_announced_ = true;
        note(cluster_free_space(free, total));
    }
    const auto percent = static_cast<uint32_t>((total - free) / (total / 100 + 1));
    // Each ten percent once on the way up, so that the log does not fill with it.
    if (percent / 10 > announced_percent_ / 10)
        note(cluster_filled(percent));
    announced_percent_ = percent;
}

Task<void> Events::announce() {
    const MdsId self = master_.consensus.self();
    const auto& all = master_.catalogue().metadata_servers();
    const auto me = all.find(self);
    if (me != all.end())
        note(mds_became_master(self, me->second.address));
    while (true) {
        if (!became_active_.empty()) {
            const std::vector<CsId> list(became_active_.begin(), became_active_.end());
            became_active_.clear();
            note(cs_active(list));
        }
        look_at_status();
        look_at_space();
        master_.shortages.look();
        std::vector<logged::AddEvent> batch;
        batch.swap(waiting_);
        for (logged::AddEvent& event : batch)
            static_cast<void>(co_await master_.insist(std::move(event)));
        const bool stop = co_await master_.pause(milliseconds(500));
        if (stop)
            co_return;
    }
}

}  // namespace cairn::meta
