// A metadata server whose disk has no space for more of its log: nothing of a batch is written
// then, so the server waits with it for space, and takes no part in agreeing meanwhile. A master
// lets another one lead, if the others suffice; else it stays: what needs no log, as reads and
// leases that are prolonged, goes on. docs/design/metadata-log.md.
#include <fmt/core.h>

#include "meta/catalogue/event_texts.h"
#include "meta/node/meta_node.h"

namespace cairn::meta {

namespace {

constexpr Duration look_interval = seconds(1);

}  // namespace

// Cancelled: this server was told to stop while it waited.
Task<Result<void>> MetaNode::append(const raft::Unpersisted& batch) {
    Result<void> written = co_await store_.append(batch);
    if (written || written.code() != Code::no_space || store_.failed())
        co_return written;
    runtime_.log.write(Severity::error, "mds",
                       fmt::format("{}; MDS#{} waits until there is space in {}",
                                   written.error().message(), self().number, store_.directory()));
    while (!written && written.code() == Code::no_space && !store_.failed()) {
        leave_it_to_others();
        co_await stopping_.wait_until(runtime_.loop.now() + look_interval);
        if (stopping_.is_set())
            co_return Error(Code::cancelled, "this metadata server is stopping");
        written = co_await store_.append(batch);
    }
    if (written)
        runtime_.log.write(
            Severity::info, "mds",
            fmt::format("there is space for the metadata log of MDS#{} again", self().number));
    co_return written;
}

// To the one that has most of the log, of those that answer and have space. They elect it without
// this server, which cannot write down its vote.
void MetaNode::leave_it_to_others() {
    if (!raft_.is_leader())
        return;
    const raft::Status status = raft_.status();
    size_t voters = 1;
    size_t able = 0;
    const raft::MemberStatus* best = nullptr;
    for (const raft::MemberStatus& member : status.members) {
        if (member.learner)
            continue;
        voters++;
        const auto report = reports_.find(member.id);
        const bool full = report != reports_.end() && !report->second.full_disk.empty();
        if (full || member.silent_ticks >= options_.election_ticks)
            continue;
        able++;
        if (best == nullptr || member.match > best->match)
            best = &member;
    }
    if (best == nullptr || able < voters / 2 + 1 || !status.transfer_to.is_none())
        return;
    static_cast<void>(raft_.transfer_leadership(best->id));
    poke();
}

// On the master, of all of them, itself included: before their logs have to wait, as each makes the
// next segment ahead of need.
void MetaNode::report_full_disks() {
    for (const auto& [mds, report] : reports_) {
        const auto record = catalogue_->metadata_servers().find(mds);
        if (record == catalogue_->metadata_servers().end())
            continue;
        const Address& address = record->second.address;
        if (!report.full_disk.empty() && full_reported_.insert(mds).second)
            scope_.spawn(log_event(mds_disk_is_full(mds, address, report.full_disk)));
        else if (report.full_disk.empty() && full_reported_.erase(mds) > 0)
            scope_.spawn(log_event(mds_disk_has_room(mds, address)));
    }
}

}  // namespace cairn::meta
