// What a follower does with what its leader sends: appends, heartbeats and snapshots (the
// paper's 5.3 and 7).
#include <fmt/core.h>

#include "raft/membership.h"
#include "raft/message.h"
#include "raft/raft.h"

namespace cairn::raft {

// A message of our term from its leader: whoever campaigned gives up.
Result<void> Raft::heard_leader(MdsId from) {
    if (is_leader() || (!leader_.is_none() && leader_ != from))
        return Error(Code::corrupt, fmt::format("raft: term {} has two leaders, MDS {} and MDS {}",
                                                term_.number, leader_.number, from.number));
    if (role_ != Role::follower || leader_ != from)
        become_follower(term_, from);
    election_elapsed_ = 0;
    return {};
}

Result<void> Raft::handle(MdsId from, const AppendRequest& request) {
    TRY(heard_leader(from));
    const auto accepted = append_from_leader(request);
    if (!accepted)
        return accepted.error();
    if (!*accepted) {
        const Position hint = log_.last_not_above(request.previous.index, request.previous.term);
        send(from, term_,
             AppendResponse{.accepted = false, .index = request.previous.index, .hint = hint});
        return {};
    }
    const LogIndex last_sent = plus(request.previous.index, request.entries.size());
    commit_to(std::min(request.commit, last_sent));
    // A late request may end before what is committed, which equals the leader's log too.
    send(from, term_,
         AppendResponse{.accepted = true, .index = std::max(last_sent, commit_), .hint = {}});
    return {};
}

Error Raft::committed_differs(LogIndex index) const {
    return {Code::corrupt,
            fmt::format("raft: committed entry {} differs from that of the leader of term {}",
                        index.number, term_.number)};
}

// Whether the log now equals the leader's up to the request's last entry.
Result<bool> Raft::append_from_leader(const AppendRequest& request) {
    const auto previous_term = log_.term_at(request.previous.index);
    if (previous_term != request.previous.term) {
        if (request.previous.index > commit_)
            return false;
        // What is committed equals every leader's; where it is compacted away, that has to be
        // believed.
        if (previous_term)
            return committed_differs(request.previous.index);
    }
    bool cutting = !config_.rules.truncate_only_on_conflict;
    for (const Entry& entry : request.entries) {
        if (entry.index <= log_.base().index)
            continue;
        // Requests arrive late and repeated: what is here already stays, and so does what follows
        // it.
        const bool is_here = log_.matches({entry.index, entry.term});
        if (is_here && (!cutting || entry.index <= commit_))
            continue;
        if (entry.index <= commit_)
            return committed_differs(entry.index);
        if (entry.index <= log_.last_index()) {
            log_.truncate_from(entry.index);
            memberships_.truncate_from(entry.index);
        }
        cutting = false;
        log_.append(entry);
        if (entry.kind == EntryKind::membership)
            memberships_.append(entry.index, *decode_membership(entry.payload.view()));
        log_changed();
    }
    return true;
}

void Raft::handle(MdsId from, const HeartbeatRequest& request) {
    // The leader never names more than it knows us to hold; a log that is shorter was damaged, and
    // commits nothing.
    if (request.commit <= log_.last_index())
        commit_to(request.commit);
    send(from, term_, HeartbeatResponse{.round = request.round});
}

bool Raft::offer_snapshot(MdsId from, Term term, Position position) {
    if (term < term_ || term.number > term_max || from == config_.id || position.term > term)
        return false;
    if (term > term_)
        become_follower(term, MdsId{});
    // Two leaders of one term would show at the next append; a snapshot from either is no use then.
    if (!heard_leader(from))
        return false;
    if (position.index > commit_)
        return true;
    // The leader missed our answer when we had it: told again, it need not send it for ever.
    send(from, term_, AppendResponse{.accepted = true, .index = commit_, .hint = {}});
    return false;
}

bool Raft::install_snapshot(MdsId from, Term term, const SnapshotMeta& meta) {
    const Position position{meta.index, meta.term};
    const bool useful = offer_snapshot(from, term, position);
    if (!useful || term != term_ || leader_ != from)
        return false;
    if (log_.matches(position)) {
        // We hold these entries ourselves, and whatever follows them may be good.
        commit_to(meta.index);
        send(from, term_, AppendResponse{.accepted = true, .index = commit_, .hint = {}});
        return false;
    }
    log_.reset(position);
    memberships_.reset(meta.index, meta.membership);
    commit_ = meta.index;
    restore_ = meta;
    snapshot_unpersisted_ = true;
    log_changed();
    send(from, term_, AppendResponse{.accepted = true, .index = meta.index, .hint = {}});
    return true;
}

}  // namespace cairn::raft
