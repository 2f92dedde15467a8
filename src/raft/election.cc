// Elections: terms, votes and who may ask for them (the paper's 5.2 and 5.4.1, the thesis' 4.2.3
// and 9.6).
#include <utility>

#include "raft/raft.h"

namespace cairn::raft {

void Raft::become_follower(Term term, MdsId leader) {
    if (is_leader())
        leave_leadership();
    if (term > term_) {
        term_ = term;
        vote_ = MdsId{};
        hard_state_changed();
    }
    // A follower's timer runs on: only a leader or a vote that was given may quiet it.
    if (role_ != Role::follower || !leader.is_none())
        reset_election_timer();
    role_ = Role::follower;
    leader_ = leader;
    votes_.clear();
    own_vote_generation_ = 0;
}

void Raft::reset_election_timer() {
    election_elapsed_ = 0;
    election_timeout_ =
        config_.election_ticks + static_cast<uint32_t>(random_.below(config_.election_ticks));
}

// A server that the latest membership leaves out still campaigns while that membership is not
// committed: it may be the only one whose log is new enough to be elected (4.2.2). It does not
// count itself.
bool Raft::may_campaign() const {
    return memberships_.latest().is_voter(config_.id) ||
           memberships_.at(commit_).is_voter(config_.id);
}

bool Raft::hears_leader() const {
    return is_leader() || (!leader_.is_none() && election_elapsed_ < config_.election_ticks);
}

void Raft::campaign() {
    if (is_leader() || !may_campaign())
        return;
    if (config_.rules.pre_vote)
        start_pre_vote();
    else
        start_election(false);
}

void Raft::start_pre_vote() {
    role_ = Role::pre_candidate;
    leader_ = MdsId{};
    votes_.clear();
    own_vote_generation_ = 0;
    reset_election_timer();
    ask_for_votes(term_.next(), true, false);
    count_vote(config_.id, true);
}

void Raft::start_election(bool transfer) {
    role_ = Role::candidate;
    leader_ = MdsId{};
    votes_.clear();
    reset_election_timer();
    term_ = term_.next();
    vote_ = config_.id;
    hard_state_changed();
    own_vote_generation_ = generation_;
    ask_for_votes(term_, false, transfer);
    if (!config_.rules.persist_before_vote)
        count_own_vote();
}

void Raft::ask_for_votes(Term term, bool pre_vote, bool transfer) {
    for (const MdsId voter : memberships_.latest().voters())
        if (voter != config_.id)
            send(voter, term,
                 VoteRequest{.pre_vote = pre_vote, .transfer = transfer, .last = log_.last()});
}

void Raft::count_own_vote() {
    own_vote_generation_ = 0;
    count_vote(config_.id, true);
}

void Raft::count_vote(MdsId from, bool granted) {
    // The first answer stands: a repeated one adds nothing.
    votes_.emplace(from, granted);
    switch (count_votes(memberships_.latest().voters(), votes_)) {
        case VoteResult::pending: return;
        case VoteResult::won:
            if (role_ == Role::pre_candidate)
                start_election(false);
            else
                become_leader();
            return;
        case VoteResult::lost: become_follower(term_, MdsId{}); return;
    }
}

void Raft::handle(MdsId from, Term term, const VoteRequest& request) {
    const Rules& rules = config_.rules;
    const Position own = log_.last();
    const bool log_is_new_enough =
        std::pair(request.last.term, request.last.index) >= std::pair(own.term, own.index);
    const bool may_vote = vote_ == from || (vote_.is_none() && leader_.is_none()) ||
                          (request.pre_vote && term > term_) || !rules.one_vote_per_term;
    if (!may_vote || (!log_is_new_enough && rules.vote_only_for_newer_log)) {
        send(from, term_, VoteResponse{.pre_vote = request.pre_vote, .granted = false});
        return;
    }
    if (!request.pre_vote) {
        election_elapsed_ = 0;
        if (vote_ != from) {
            vote_ = from;
            hard_state_changed();
        }
    }
    send(from, term, VoteResponse{.pre_vote = request.pre_vote, .granted = true});
}

void Raft::handle(MdsId from, const VoteResponse& response) {
    // A granted pre-vote speaks of the next term and is counted in step(): here it would be one of
    // the last campaign.
    if (response.pre_vote && role_ == Role::pre_candidate && !response.granted)
        count_vote(from, false);
    if (!response.pre_vote && role_ == Role::candidate)
        count_vote(from, response.granted);
}

void Raft::handle(const TimeoutNow& /*now*/) {
    if (is_leader() || !may_campaign())
        return;
    // No pre-vote: the others still hear the leader who wishes this.
    start_election(true);
}

}  // namespace cairn::raft
