// How metadata servers are: what each says of itself, and what the master reports about those that
// do not keep up (MON-094, MON-095), once for each time.
#include "meta/catalogue/event_texts.h"
#include "meta/node/meta_node.h"

namespace cairn::meta {

namespace {

constexpr Duration look_interval = seconds(1);
constexpr uint64_t lag_reported = 1000;

}  // namespace

Task<void> MetaNode::watch_peers() {
    started_ = measured_.at = silent_since_ = runtime_.loop.now();
    reports_[self()].host_name = runtime_.host.name();
    while (!stopping_.is_set()) {
        co_await stopping_.wait_until(runtime_.loop.now() + look_interval);
        report_self();
        greet_when_forgotten();
        note_silence();
        if (stopping_.is_set() || !announced_)
            continue;
        report_restored();
        report_full_disks();
        const raft::Status status = raft_.status();
        for (const raft::MemberStatus& member : status.members)
            if (!member.learner)
                watch_peer(member, status);
    }
}

// A voter that hears no leader asks for votes, and is told if it was removed meanwhile. One that
// does not vote yet would wait for ever.
void MetaNode::greet_when_forgotten() {
    if (raft_.hears_leader() || raft_.membership().is_voter(self()))
        return;
    for (const auto& [mds, link] : peers_)
        link->greet();
}

void MetaNode::report_self() {
    const Instant now = runtime_.loop.now();
    const ProcessUsage usage = runtime_.host.usage();
    const int64_t passed = (now - measured_.at).milliseconds();
    if (passed <= 0)
        return;
    const auto permille = [passed](Duration part) {
        return static_cast<uint32_t>(part.microseconds() / passed);
    };
    MdsReport& report = reports_[self()];
    report.cpu_permille = permille(usage.cpu - measured_.cpu);
    report.commit_time_permille = permille(statistics_.writing - measured_.writing);
    report.commits_per_second = static_cast<uint32_t>(
        (statistics_.entries_applied - measured_.entries) * 1000 / static_cast<uint64_t>(passed));
    report.memory_bytes = usage.resident_bytes;
    report.uptime = now - started_;
    report.full_disk = store_.lacks_space() ? store_.directory() : std::string();
    measured_ = {now, usage.cpu, statistics_.writing, statistics_.entries_applied};
}

std::vector<MdsStatus> MetaNode::metadata_server_status() const {
    const raft::Status status = raft_.status();
    std::vector<MdsStatus> all;
    for (const auto& [mds, record] : catalogue_->metadata_servers()) {
        MdsStatus shown;
        shown.mds = mds;
        shown.address = record.address;
        shown.voter = record.voter;
        shown.master = mds == status.leader;
        shown.available = mds == self();
        for (const raft::MemberStatus& member : status.members)
            if (member.id == mds)
                shown.available = member.silent_ticks < options_.election_ticks;
        if (const auto report = reports_.find(mds); report != reports_.end() && shown.available) {
            shown.commit_time_permille = report->second.commit_time_permille;
            shown.commits_per_second = report->second.commits_per_second;
            shown.cpu_permille = report->second.cpu_permille;
            shown.memory_bytes = report->second.memory_bytes;
            shown.uptime = report->second.uptime;
            shown.host_name = report->second.host_name;
        }
        all.push_back(std::move(shown));
    }
    return all;
}

void MetaNode::watch_peer(const raft::MemberStatus& member, const raft::Status& status) {
    const auto record = catalogue_->metadata_servers().find(member.id);
    if (record == catalogue_->metadata_servers().end())
        return;
    const Address& address = record->second.address;
    const Instant now = runtime_.loop.now();
    PeerWatch& watch = watches_.try_emplace(member.id, PeerWatch{member.match, now}).first->second;
    if (member.match > watch.match || member.match >= status.commit) {
        watch.match = member.match;
        watch.progressed = now;
        watch.silence_reported = false;
    }
    const uint64_t lag = status.commit.number - std::min(status.commit, member.match).number;
    if (lag == 0)
        watch.lags_reported = false;
    if (lag > lag_reported && !watch.lags_reported) {
        watch.lags_reported = true;
        scope_.spawn(log_event(mds_lags(member.id, address)));
    }
    const Duration silent = now - watch.progressed;
    if (silent >= options_.no_commits_reported && !watch.silence_reported) {
        watch.silence_reported = true;
        scope_.spawn(log_event(mds_accepts_no_commits(member.id, address, silent)));
    }
}

}  // namespace cairn::meta
