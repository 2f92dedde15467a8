#include "meta/master/watchdog.h"

#include <vector>

#include "meta/catalogue/event_texts.h"
#include "meta/master/master.h"
#include "wire/log_cluster.h"
#include "wire/log_leases.h"

namespace cairn::meta {

Task<void> Watchdog::run() {
    while (true) {
        const bool stop = co_await master_.pause(milliseconds(250));
        if (stop)
            co_return;
        co_await end_expired_leases();
        co_await look_at_servers();
    }
}

Task<void> Watchdog::end_expired_leases() {
    const Instant now = master_.runtime.clock.now();
    logged::EndLeases end;
    end.reason = logged::LeaseEnd::expired;
    for (const auto& [file, lease] : master_.catalogue().leases()) {
        logged::EndLeases::EndedFile ended;
        for (const LeaseHolder& holder : lease.holders) {
            if (master_.leases.runs_out(file, holder.client, holder.timeout) < now)
                ended.holders.emplace_back(holder.client, holder.instance);
        }
        if (ended.holders.empty())
            continue;
        ended.file = file;
        ended.epoch = master_.catalogue().node(file)->epoch;
        end.files.push_back(std::move(ended));
    }
    if (!end.files.empty())
        static_cast<void>(co_await master_.propose(std::move(end)));
}

bool Watchdog::heard(const CsHeartbeatRequest& request) {
    const Instant now = master_.runtime.loop.now();
    const CsKnowledge* known = master_.servers.find(request.cs);
    if (known == nullptr || !known->registered || known->sync_epoch != request.sync_epoch)
        return false;
    CsKnowledge& knowledge = master_.servers.at(request.cs);
    // One that was declared lost must register again: its replicas have left their sets.
    if (knowledge.state == CsState::offline) {
        knowledge.registered = false;
        return false;
    }
    if (knowledge.state != CsState::active)
        master_.events.server_active(request.cs);
    knowledge.state = CsState::active;
    knowledge.last_heard = now;
    knowledge.space = request.space;
    knowledge.flags = request.flags;
    if (now - knowledge.rates_since >= seconds(1)) {
        knowledge.counters_before = knowledge.counters;
        knowledge.rates_since = now;
    }
    knowledge.counters = request.counters;
    master_.queue_depths.heard(request.cs, now, request.counters.queue_depth_tenths,
                               request.hottest);
    return true;
}

Task<void> Watchdog::look_at_servers() {
    const Instant now = master_.runtime.loop.now();
    std::vector<std::pair<CsId, Duration>> offline;
    std::vector<CsId> unfinished;
    for (const auto& [cs, record] : master_.catalogue().servers()) {
        if (record.sync_epoch == 0)
            continue;  // made, never started
        const Duration silent = now - master_.servers.silent_since(cs);
        const CsState state = master_.servers.state(cs);
        if (record.state != CsLoggedState::known) {
            master_.servers.at(cs).state = CsState::offline;
            if (!record.chunks.empty() && !lost_.contains(cs))
                unfinished.push_back(cs);
            continue;
        }
        lost_.erase(cs);
        if (silent > master_.options.heartbeat_timeout &&
            (state == CsState::active || state == CsState::unknown)) {
            master_.servers.at(cs).state = CsState::inactive;
            master_.events.note(cs_inactive(cs, silent));
        }
        if (silent > master_.catalogue().settings().offline_timeout())
            offline.emplace_back(cs, silent);
    }
    for (const auto& [cs, silent] : offline)
        co_await declare_offline(cs, silent);
    // What a former master began; the other servers have had the time to report to this one.
    if (now - master_.leases.elected() < master_.options.heartbeat_timeout)
        co_return;
    for (const CsId cs : unfinished)
        co_await lose_replicas(cs);
}

Task<void> Watchdog::declare_offline(CsId cs, Duration silent) {
    logged::SetCsState state;
    state.cs = cs;
    state.state = CsLoggedState::offline;
    Result<void> logged = co_await master_.log(state);
    if (!logged)
        co_return;  // and is found silent again
    master_.servers.at(cs).state = CsState::offline;
    master_.servers.at(cs).registered = false;
    master_.events.note(cs_offline(cs, silent));
    co_await lose_replicas(cs);
}

// They leave their sets, in steps that do not hold up the log.
Task<void> Watchdog::lose_replicas(CsId cs) {
    lost_.insert(cs);
    logged::LoseCsReplicas lose;
    lose.cs = cs;
    lose.limit = 1000;
    while (!master_.stopping()) {
        lose.answering = master_.servers.answering();
        Result<Answer> answer = co_await master_.propose(lose);
        if (!answer && Master::is_for_now(answer.code())) {
            const bool stop = co_await master_.pause(milliseconds(100));
            if (stop)
                co_return;
            continue;
        }
        if (!answer)
            co_return;
        Result<logged::LoseCsReplicasAnswer> step = answer->as<logged::LoseCsReplicasAnswer>();
        if (!step || step->next.is_none())
            co_return;
        lose.from = step->next;
    }
}

}  // namespace cairn::meta
