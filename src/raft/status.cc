#include "raft/codec.h"
#include "raft/raft.h"

namespace cairn::raft {

Status Raft::status() const {
    Status status{.id = config_.id,
                  .role = role_,
                  .term = term_,
                  .vote = vote_,
                  .leader = leader_,
                  .transfer_to = transfer_to_,
                  .commit = commit_,
                  .handed_out = handed_out_,
                  .stable = log_.stable(),
                  .base = log_.base(),
                  .last = log_.last(),
                  .members = {}};
    for (const auto& [member, progress] : progress_)
        status.members.push_back({.id = member,
                                  .learner = !memberships_.latest().is_voter(member),
                                  .pace = progress.pace,
                                  .match = progress.match,
                                  .next = progress.next,
                                  .silent_ticks = tick_ - progress.heard_tick});
    return status;
}

namespace {

void put_progress(ByteWriter& out, MdsId member, const Progress& progress,
                  std::optional<uint64_t> tick) {
    out.put(member);
    out.put(progress.pace);
    out.put(progress.match);
    out.put(progress.next);
    out.put(progress.sent_commit);
    out.put(progress.snapshot);
    out.put(static_cast<uint8_t>(progress.waiting));
    out.put(static_cast<uint8_t>(progress.nudge));
    out.put(progress.acknowledged_round);
    if (tick)
        out.put(*tick - progress.heard_tick);
    out.put(static_cast<uint64_t>(progress.inflight.messages()));
    out.put(static_cast<uint64_t>(progress.inflight.bytes()));
}

}  // namespace

Bytes Raft::fingerprint(bool timers) const {
    Bytes bytes;
    ByteWriter out(bytes);
    out.put(config_.id);
    put_hard_state(out, {term_, vote_, commit_});
    out.put(role_);
    out.put(leader_);
    out.put(handed_out_);
    out.put(log_.stable());
    put_snapshot_meta(out, {log_.base().index, log_.base().term, memberships_.latest()});
    for (LogIndex index = log_.base().index.next(); index <= log_.last_index();
         index = index.next())
        put_entry(out, log_.at(index));
    out.put(static_cast<uint8_t>(restore_.has_value()));
    // Generations as distances, so that a longer history to the same state shows no difference.
    out.put(generation_ - taken_generation_);
    out.put(generation_ - persisted_generation_);
    out.put(std::min(generation_ - hard_state_generation_, generation_ - persisted_generation_));
    out.put(std::min(generation_ - log_generation_, generation_ - persisted_generation_));
    out.put(static_cast<uint64_t>(held_.size()));
    for (const Held& held : held_) {
        out.put(generation_ - std::max(held.generation, persisted_generation_));
        put_message(out, held.message);
    }
    if (timers) {
        out.put(random_.state());
        out.put(election_elapsed_);
        out.put(election_timeout_);
        out.put(heartbeat_elapsed_);
        out.put(transfer_elapsed_);
    }
    out.put(static_cast<uint64_t>(votes_.size()));
    for (const auto& [voter, granted] : votes_) {
        out.put(voter);
        out.put(static_cast<uint8_t>(granted));
    }
    out.put(own_vote_generation_ == 0 ? uint64_t{0} : 1 + generation_ - own_vote_generation_);
    for (const auto& [member, progress] : progress_)
        put_progress(out, member, progress, timers ? std::optional(tick_) : std::nullopt);
    out.put(round_);
    out.put(static_cast<uint64_t>(reads_.size()));
    out.put(transfer_to_);
    return bytes;
}

}  // namespace cairn::raft
