// How a leader brings the followers' logs up to its own: appends within each one's window, or a
// snapshot.
#include <algorithm>

#include "raft/raft.h"

namespace cairn::raft {

void Raft::flush_appends() {
    for (auto& [member, progress] : progress_)
        flush_appends_to(member, progress);
}

void Raft::flush_appends_to(MdsId to, Progress& progress) {
    while (send_append(to, progress)) {
    }
}

// Sends one append if there is a reason to. Returns whether there may be a reason for another.
bool Raft::send_append(MdsId to, Progress& progress) {
    if (progress.pace == Pace::snapshot || (progress.pace == Pace::probe && progress.waiting))
        return false;
    const LogIndex before = previous(progress.next);
    const auto before_term = log_.term_at(before);
    if (!before_term) {
        start_snapshot(to, progress);
        return false;
    }
    AppendRequest request{.previous = {before, *before_term}, .commit = commit_, .entries = {}};
    const bool window_open = progress.pace == Pace::probe || !progress.inflight.full();
    if (window_open && progress.next <= log_.last_index())
        request.entries = log_.slice(progress.next, log_.last_index(), config_.message_bytes_max);
    const LogIndex last_sent = plus(before, request.entries.size());
    const LogIndex useful_commit = std::min(commit_, last_sent);
    if (progress.pace == Pace::replicate && request.entries.empty() && !progress.nudge &&
        useful_commit <= progress.sent_commit)
        return false;
    progress.nudge = false;
    progress.sent_commit = std::max(progress.sent_commit, useful_commit);
    const bool sent_entries = !request.entries.empty();
    if (progress.pace == Pace::probe) {
        progress.waiting = true;
    } else if (sent_entries) {
        size_t bytes = 0;
        for (const Entry& entry : request.entries)
            bytes += size_of(entry);
        progress.inflight.add(last_sent, bytes);
        progress.next = last_sent.next();
    }
    send(to, term_, std::move(request));
    return sent_entries;
}

void Raft::start_snapshot(MdsId to, Progress& progress) {
    // Not to the dead: a stream would be started and fail again and again.
    if (tick_ - progress.heard_tick >= config_.election_ticks)
        return;
    progress.to_snapshot(log_.base().index);
    snapshots_to_send_.push_back({to, term_, log_.base().index});
}

void Raft::snapshot_sent(MdsId to, LogIndex index, bool ok) {
    const auto found = progress_.find(to);
    if (!is_leader() || found == progress_.end() || found->second.pace != Pace::snapshot)
        return;
    Progress& progress = found->second;
    if (ok && index <= log_.last_index()) {
        progress.to_probe(index.next());
        return;
    }
    // The next heartbeat's answer tries again, so that a failing stream is not restarted without a
    // pause.
    progress.to_probe(progress.match.next());
    progress.waiting = true;
}

void Raft::report_unreachable(MdsId member) {
    const auto found = progress_.find(member);
    if (is_leader() && found != progress_.end() && found->second.pace == Pace::replicate)
        found->second.to_probe(found->second.match.next());
}

LogIndex Raft::first_needed() const {
    LogIndex needed = log_.last_index().next();
    for (const auto& [member, progress] : progress_)
        if (tick_ - progress.heard_tick < config_.election_ticks)
            needed = std::min(needed, std::max(progress.match, progress.snapshot).next());
    return needed;
}

}  // namespace cairn::raft
