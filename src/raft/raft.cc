#include "raft/raft.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/check.h"
#include "raft/message.h"

namespace cairn::raft {

Restored first_server(Membership membership) {
    return {{Term(1), MdsId{}, LogIndex(1)}, {LogIndex(1), Term(1), std::move(membership)}, {}};
}

namespace {

// Says what on the disk contradicts what, and drops a log that ends before the snapshot.
Result<void> check_restored(Restored& restored) {
    const SnapshotMeta& snapshot = restored.snapshot;
    if (!snapshot.index.is_none() || !snapshot.membership.members.empty())
        if (const auto valid = validate(snapshot.membership); !valid)
            return Error(Code::corrupt, valid.error().message()).with_context("raft snapshot");
    std::vector<Entry>& entries = restored.entries;
    if (!entries.empty() && entries.front().index > snapshot.index.next())
        return Error(Code::corrupt,
                     fmt::format("raft log: entries {} to {} are missing",
                                 snapshot.index.number + 1, entries.front().index.number - 1));
    const auto beyond = std::ranges::find_if(
        entries, [&](const Entry& entry) { return entry.index >= snapshot.index; });
    if (beyond != entries.end() && beyond->index == snapshot.index && beyond->term != snapshot.term)
        return Error(Code::corrupt,
                     fmt::format("raft log: entry {} has term {}, the snapshot there has term {}",
                                 snapshot.index.number, beyond->term.number, snapshot.term.number));
    const Term term = restored.hard_state.term;
    if (term < snapshot.term)
        return Error(Code::corrupt, "raft: the stored term is older than the snapshot's");
    if (!entries.empty()) {
        const Position before{previous(entries.front().index), Term{}};
        if (const auto valid = check_entries(before, term, entries); !valid)
            return Error(Code::corrupt, valid.error().message());
    }
    if (!entries.empty() && entries.back().index < snapshot.index)
        entries.clear();
    if (!entries.empty() && entries.front().index > snapshot.index &&
        entries.front().term < snapshot.term)
        return Error(Code::corrupt, "raft log: the entry after the snapshot has an older term");
    return {};
}

// Entries before the snapshot stay, for followers that need a few of them and not a whole snapshot.
// The first of them only tells the term before the second.
Position base_of(const Restored& restored) {
    if (!restored.entries.empty() && restored.entries.front().index <= restored.snapshot.index)
        return {restored.entries.front().index, restored.entries.front().term};
    return {restored.snapshot.index, restored.snapshot.term};
}

}  // namespace

Result<Raft> Raft::create(const Config& config, Restored restored) {
    TRY(validate(config));
    TRY(check_restored(restored));
    return Raft(config, std::move(restored));
}

Raft::Raft(const Config& config, Restored restored)
    : config_(config),
      random_(config.seed ^ (config.id.number * 0x9E3779B97F4A7C15ULL)),
      term_(restored.hard_state.term),
      vote_(restored.hard_state.vote),
      log_(base_of(restored)),
      memberships_(restored.snapshot.index, std::move(restored.snapshot.membership)) {
    const LogIndex snapshot = restored.snapshot.index;
    for (Entry& entry : restored.entries) {
        if (entry.index <= log_.base().index)
            continue;
        if (entry.kind == EntryKind::membership && entry.index > snapshot)
            memberships_.append(entry.index, *decode_membership(entry.payload.view()));
        log_.append(std::move(entry));
    }
    log_.mark_all_stable();
    handed_out_ = snapshot;
    // The stored commit index may be older than the snapshot.
    commit_ = std::clamp(restored.hard_state.commit, snapshot, log_.last_index());
    reset_election_timer();
}

void Raft::tick() {
    tick_++;
    if (is_leader()) {
        tick_leader();
        return;
    }
    election_elapsed_++;
    if (election_elapsed_ >= election_timeout_ && may_campaign())
        campaign();
}

Result<void> Raft::step(const Message& message) {
    TRY(check_message(message));
    if (message.to != config_.id)
        return {};
    if (message.term < term_) {
        answer_older_term(message);
        return {};
    }
    if (message.term > term_) {
        if (const auto* request = std::get_if<VoteRequest>(&message.body)) {
            // A server that was removed, or cut off for a while, must not depose a leader whom we
            // hear (4.2.3).
            if (hears_leader() && !request->transfer && config_.rules.ignore_votes_near_leader)
                return {};
            if (request->pre_vote) {
                handle(message.from, message.term, *request);
                return {};
            }
        }
        const auto* response = std::get_if<VoteResponse>(&message.body);
        if (response != nullptr && response->pre_vote && response->granted) {
            if (role_ == Role::pre_candidate && message.term == term_.next())
                count_vote(message.from, true);
            return {};
        }
        become_follower(message.term, MdsId{});
    }
    return step_equal_term(message);
}

Result<void> Raft::step_equal_term(const Message& message) {
    if (is_leader())
        if (const auto found = progress_.find(message.from); found != progress_.end())
            found->second.heard_tick = tick_;
    const MdsId from = message.from;
    if (const auto* vote_request = std::get_if<VoteRequest>(&message.body))
        handle(from, message.term, *vote_request);
    else if (const auto* vote = std::get_if<VoteResponse>(&message.body))
        handle(from, *vote);
    else if (const auto* append_request = std::get_if<AppendRequest>(&message.body))
        return handle(from, *append_request);
    else if (const auto* append = std::get_if<AppendResponse>(&message.body))
        return handle(from, *append);
    else if (const auto* heartbeat_request = std::get_if<HeartbeatRequest>(&message.body)) {
        TRY(heard_leader(from));
        handle(from, *heartbeat_request);
    } else if (const auto* heartbeat = std::get_if<HeartbeatResponse>(&message.body))
        handle(from, *heartbeat);
    else
        handle(std::get<TimeoutNow>(message.body));
    return {};
}

// Whoever is behind learns our term, else a leader or candidate of an old term and a server with a
// newer one could ignore each other for ever.
void Raft::answer_older_term(const Message& message) {
    if (const auto* request = std::get_if<VoteRequest>(&message.body))
        send(message.from, term_, VoteResponse{.pre_vote = request->pre_vote, .granted = false});
    else if (std::holds_alternative<AppendRequest>(message.body) ||
             std::holds_alternative<HeartbeatRequest>(message.body))
        send(message.from, term_, AppendResponse{});
}

Result<Position> Raft::propose(Buffer payload) {
    if (!is_leader())
        return Error(Code::not_master, "raft: not the leader");
    if (!transfer_to_.is_none())
        return Error(Code::retry, "raft: leadership is being handed over");
    if (payload.size() > config_.entry_bytes_max)
        return Error(Code::too_large, fmt::format("raft: an entry of {} bytes, the limit is {}",
                                                  payload.size(), config_.entry_bytes_max));
    if (uncommitted_bytes_ + entry_overhead_bytes + payload.size() > config_.uncommitted_bytes_max)
        return Error(Code::overloaded, "raft: too much is waiting to be committed");
    return append_own(EntryKind::data, std::move(payload));
}

Result<Position> Raft::propose_membership(const Membership& membership) {
    if (!is_leader())
        return Error(Code::not_master, "raft: not the leader");
    if (!transfer_to_.is_none())
        return Error(Code::retry, "raft: leadership is being handed over");
    TRY(validate(membership));
    const Rules& rules = config_.rules;
    // Without this a leader could change a membership that another change, unknown to it, is about
    // to replace: their majorities need not overlap.
    if (rules.membership_after_own_term_commit && log_.term_at(commit_) != term_)
        return Error(Code::retry, "raft: nothing of this term is committed yet");
    if (rules.one_membership_change && memberships_.latest_index() > commit_)
        return Error(Code::retry, "raft: the last change of members is not committed yet");
    if (rules.one_membership_change && !is_single_change(memberships_.latest(), membership))
        return Error(Code::invalid_argument, "raft: more than one member would change");
    return append_own(EntryKind::membership, encode_membership(membership));
}

Position Raft::append_own(EntryKind kind, Buffer payload) {
    Entry entry{term_, log_.last_index().next(), kind, std::move(payload)};
    const Position position{entry.index, entry.term};
    uncommitted_bytes_ += size_of(entry);
    if (kind == EntryKind::membership)
        memberships_.append(entry.index, *decode_membership(entry.payload.view()));
    log_.append(std::move(entry));
    log_changed();
    if (kind == EntryKind::membership)
        update_progress();
    // Fewer voters may make a majority of what is already there.
    advance_commit();
    return position;
}

void Raft::commit_to(LogIndex index) {
    CHECK_NOTE(index <= log_.last_index(), "committing what is not in the log");
    commit_ = std::max(commit_, index);
}

std::optional<SnapshotMeta> Raft::snapshot_meta(LogIndex index) const {
    CHECK_NOTE(index <= handed_out_, "a snapshot of entries that were not applied");
    const auto term = log_.term_at(index);
    if (!term || index < memberships_.first_index())
        return std::nullopt;
    return SnapshotMeta{index, *term, memberships_.at(index)};
}

void Raft::compact(LogIndex up_to) {
    CHECK_NOTE(up_to <= handed_out_, "compacting entries that were not applied");
    log_.compact(up_to);
    memberships_.compact(up_to);
}

Output Raft::take_output() {
    if (is_leader()) {
        begin_read_round();
        flush_appends();
    }
    Output output;
    release_messages(output);
    output.snapshots_to_send = std::exchange(snapshots_to_send_, {});
    output.reads = std::exchange(confirmed_reads_, {});
    output.refused_reads = std::exchange(refused_reads_, {});
    hand_out_committed(output);
    return output;
}

// A committed entry waits for our own disk too: else a snapshot of the state machine could stand
// for entries that our log loses in a crash.
void Raft::hand_out_committed(Output& output) {
    if (restore_) {
        if (log_.stable() < restore_->index)
            return;
        handed_out_ = restore_->index;
        output.restore = std::exchange(restore_, std::nullopt);
    }
    const LogIndex to = std::min(commit_, log_.stable());
    if (to <= handed_out_)
        return;
    output.committed = log_.slice(handed_out_.next(), to, config_.committed_bytes_max);
    handed_out_ = output.committed.back().index;
    output.more_committed = handed_out_ < to;
}

}  // namespace cairn::raft
