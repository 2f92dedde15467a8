// What a leader does in its term: heartbeats, commits, reads, members, hand-over (the
// paper's 5.3, 5.4.2 and 8, the thesis' 3.10, 4.2.2 and 6.4). How it sends entries is in
// replicate.cc.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "raft/raft.h"

namespace cairn::raft {

void Raft::become_leader() {
    role_ = Role::leader;
    leader_ = config_.id;
    votes_.clear();
    heartbeat_elapsed_ = 0;
    round_ = 0;
    uncommitted_bytes_ = 0;
    for (LogIndex index = commit_.next(); index <= log_.last_index(); index = index.next())
        uncommitted_bytes_ += size_of(log_.at(index));
    update_progress();
    // Entries of older terms are committed by an entry of this one, so there is one from the start.
    append_own(EntryKind::noop, {});
}

void Raft::leave_leadership() {
    progress_.clear();
    transfer_to_ = MdsId{};
    uncommitted_bytes_ = 0;
    std::ranges::copy(reads_.refuse_all(), std::back_inserter(refused_reads_));
    // Their streams may go on; a later leader that needs one asks for it itself.
    snapshots_to_send_.clear();
}

void Raft::tick_leader() {
    if (config_.rules.check_quorum && !hears_quorum()) {
        become_follower(term_, MdsId{});
        return;
    }
    if (!transfer_to_.is_none() && ++transfer_elapsed_ >= config_.election_ticks)
        transfer_to_ = MdsId{};
    if (++heartbeat_elapsed_ >= config_.heartbeat_ticks)
        broadcast_heartbeat();
}

// Whether a majority answered within the last election timeout. Later than that they may have
// another leader.
bool Raft::hears_quorum() const {
    const std::vector<MdsId> voters = memberships_.latest().voters();
    const auto heard = std::ranges::count_if(voters, [&](MdsId voter) {
        return voter == config_.id ||
               tick_ - progress_.at(voter).heard_tick < config_.election_ticks;
    });
    return static_cast<size_t>(heard) >= majority_of(voters.size());
}

void Raft::update_progress() {
    const Membership& membership = memberships_.latest();
    std::erase_if(progress_, [&](const auto& entry) { return !membership.find(entry.first); });
    for (const Member& member : membership.members)
        if (member.id != config_.id)
            progress_.try_emplace(member.id, log_.last_index().next(), tick_,
                                  config_.inflight_messages_max, config_.inflight_bytes_max);
}

void Raft::broadcast_heartbeat() {
    heartbeat_elapsed_ = 0;
    round_++;
    reads_.begin_round(round_);
    for (auto& [member, progress] : progress_)
        send(member, term_,
             HeartbeatRequest{.commit = std::min(commit_, progress.match), .round = round_});
}

Result<void> Raft::read_index(uint64_t context) {
    if (!is_leader())
        return Error(Code::not_master, "raft: not the leader");
    // Until then this leader may not know of everything that older terms committed.
    if (config_.rules.read_after_own_term_commit && log_.term_at(commit_) != term_)
        return Error(Code::retry, "raft: nothing of this term is committed yet");
    if (!config_.rules.read_index_confirmed) {
        confirmed_reads_.push_back({context, commit_});
        return {};
    }
    if (reads_.size() >= config_.pending_reads_max)
        return Error(Code::overloaded, "raft: too many reads wait for confirmation");
    reads_.add(context, commit_);
    return {};
}

void Raft::begin_read_round() {
    if (!reads_.needs_round())
        return;
    broadcast_heartbeat();
    confirm_reads();
}

void Raft::confirm_reads() {
    std::vector<uint64_t> rounds;
    for (const MdsId voter : memberships_.latest().voters())
        rounds.push_back(voter == config_.id ? round_ : progress_.at(voter).acknowledged_round);
    std::ranges::copy(reads_.confirm(reached_by_majority(std::move(rounds))),
                      std::back_inserter(confirmed_reads_));
}

void Raft::handle(MdsId from, const HeartbeatResponse& response) {
    const auto found = progress_.find(from);
    if (!is_leader() || found == progress_.end() || response.round > round_)
        return;
    Progress& progress = found->second;
    progress.acknowledged_round = std::max(progress.acknowledged_round, response.round);
    // It lives: probe again, or find out whether what it did not answer was lost.
    progress.waiting = false;
    progress.nudge = progress.match < log_.last_index();
    confirm_reads();
}

Result<void> Raft::handle(MdsId from, const AppendResponse& response) {
    const auto found = progress_.find(from);
    if (!is_leader() || found == progress_.end())
        return {};
    Progress& progress = found->second;
    if (!response.accepted) {
        const Position agreed = log_.last_not_above(response.hint.index, response.hint.term);
        progress.refused(response.index, agreed.index);
        return {};
    }
    if (response.index > log_.last_index())
        return Error(Code::invalid_argument, "raft: a follower acknowledges what was never sent");
    progress.accepted(response.index, log_.base().index.next());
    finish_transfer(from, progress);
    advance_commit();
    return {};
}

void Raft::advance_commit() {
    std::vector<uint64_t> reached;
    for (const MdsId voter : memberships_.latest().voters()) {
        if (voter != config_.id)
            reached.push_back(progress_.at(voter).match.number);
        else if (config_.rules.persist_before_own_count)
            reached.push_back(log_.stable().number);
        else
            reached.push_back(log_.last_index().number);
    }
    const LogIndex index(reached_by_majority(std::move(reached)));
    if (index <= commit_)
        return;
    // An entry of an older term on a majority may still be replaced by a later leader (the paper's
    // figure 8).
    if (config_.rules.commit_only_own_term && log_.term_at(index) != term_)
        return;
    const LogIndex before = commit_;
    commit_to(index);
    commit_advanced_on_leader(before);
}

void Raft::commit_advanced_on_leader(LogIndex before) {
    for (LogIndex index = before.next(); index <= commit_; index = index.next())
        uncommitted_bytes_ -= size_of(log_.at(index));
    const bool removed = !memberships_.latest().is_voter(config_.id);
    if (removed && memberships_.latest_index() <= commit_)
        hand_over_after_own_removal();
}

// Everybody learns of the commit, and the best of the remaining voters campaigns at once.
void Raft::hand_over_after_own_removal() {
    flush_appends();
    MdsId best;
    LogIndex best_match;
    for (const MdsId voter : memberships_.latest().voters()) {
        if (const LogIndex match = progress_.at(voter).match; match > best_match) {
            best = voter;
            best_match = match;
        }
    }
    if (!best.is_none())
        send(best, term_, TimeoutNow{});
    become_follower(term_, MdsId{});
}

Result<void> Raft::transfer_leadership(MdsId to) {
    if (!is_leader())
        return Error(Code::not_master, "raft: not the leader");
    if (to == config_.id)
        return {};
    if (!memberships_.latest().is_voter(to))
        return Error(Code::invalid_argument, "raft: only a voter can become the leader");
    transfer_to_ = to;
    transfer_elapsed_ = 0;
    finish_transfer(to, progress_.at(to));
    return {};
}

void Raft::finish_transfer(MdsId to, const Progress& progress) {
    if (transfer_to_ == to && progress.match == log_.last_index())
        send(to, term_, TimeoutNow{});
}

}  // namespace cairn::raft
