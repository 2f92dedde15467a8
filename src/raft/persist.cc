// What must reach the disk before what may leave. Every change of the persistent state raises the
// generation; a message waits for the generation that it rests on; a batch carries everything up to
// the generation of its making.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "raft/raft.h"

namespace cairn::raft {

bool Raft::has_unpersisted() const {
    const bool being_written = taken_generation_ > persisted_generation_;
    return !being_written && generation_ > taken_generation_;
}

Unpersisted Raft::take_unpersisted() {
    CHECK_NOTE(has_unpersisted(), "nothing to persist, or the batch before is still being written");
    taken_generation_ = generation_;
    Unpersisted batch(Persisted(generation_, log_.last()));
    // Only what was on disk before: a crash may keep the hard state of this batch and lose its
    // entries, and where they were to replace others, those others would look committed.
    batch.hard_state_ = {term_, vote_, std::min(commit_, log_.stable())};
    if (std::exchange(snapshot_unpersisted_, false))
        batch.snapshot_ = restore_;
    batch.entries_ = log_.take_unpersisted();
    return batch;
}

void Raft::persisted(Persisted proof) {
    CHECK_NOTE(proof.generation_ == taken_generation_ && taken_generation_ > persisted_generation_,
               "this proof was handed back before, or belongs to another server");
    persisted_generation_ = proof.generation_;
    log_.mark_stable(proof.last_);
    if (own_vote_generation_ != 0 && own_vote_generation_ <= persisted_generation_)
        count_own_vote();
    if (is_leader())
        advance_commit();
}

uint64_t Raft::needed_by(const MessageBody& body) const {
    const Rules& rules = config_.rules;
    const bool about_vote =
        std::holds_alternative<VoteRequest>(body) || std::holds_alternative<VoteResponse>(body);
    if (about_vote && !rules.persist_before_vote)
        return 0;
    if (std::holds_alternative<AppendResponse>(body) && rules.persist_before_acknowledge)
        return std::max(hard_state_generation_, log_generation_);
    // A leader's own messages rest on its term alone, so they pass while its entries are being
    // written.
    return hard_state_generation_;
}

void Raft::send(MdsId to, Term term, MessageBody body) {
    const uint64_t generation = needed_by(body);
    held_.push_back({{config_.id, to, term, std::move(body)}, generation});
}

void Raft::release_messages(Output& output) {
    std::vector<Held> still_held;
    for (Held& held : held_) {
        if (held.generation <= persisted_generation_)
            output.messages.push_back(std::move(held.message));
        else
            still_held.push_back(std::move(held));
    }
    held_ = std::move(still_held);
}

}  // namespace cairn::raft
