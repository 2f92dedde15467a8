// What a follower does with what its leader sends: appends, heartbeats and snapshots (the paper's 5.3 and 7).
#include <fmt/core.h>

#include "raft/membership.h"
#include "raft/message.h"
#include "raft/raft.h"

namespace cairn::raft {

// A message of our term from its leader: whoever campaigned gives up.
Result<void> Raft::heard_leader(MdsId from) {
    if (is_leader() || (!leader_.is_none() && leader_ != from))
        return Error(Code::corrupt,
                     fmt::format("raft: term {} has two leaders, MDS {} and MDS {}", term_.number,
                                 leader_.number, from.number));
    if (role_ != Role::follower || leader_ != from)
        become_follower(term_, from);
    election_elapsed_ = 0;
    return {};
}

Result<void> Raft::handle(MdsId from, const AppendRequest& request) {
    TRY(heard_leader(from));
    const LogIndex last_sent = plus(request.previous.index, request.entries.size());
    if (request.previous.index < commit_) {
        // Late, or behind our snapshot. What is committed equals the leader's.
        send(from, term_, AppendResponse{.accepted = true, .index = commit_, .hint = {}});
        return {};
    }
    const auto accepted = append_from_leader(request);
    if (!accepted)
        return accepted.error();
    if (!*accepted) {
        const Position hint = log_.last_not_above(request.previous.index, request.previous.term);
        send(from, term_,
             AppendResponse{.accepted = false, .index = request.previous.index, .hint = hint});
        return {};
    }
    commit_to(std::min(request.commit, last_sent));
    send(from, term_, AppendResponse{.accepted = true, .index = last_sent, .hint = {}});
    return {};
}

// Whether the log now equals the leader's up to the request's last entry.
Result<bool> Raft::append_from_leader(const AppendRequest& request) {
    if (!log_.matches(request.previous))
        return false;
    bool cutting = !config_.rules.truncate_only_on_conflict;
    for (const Entry& entry : request.entries) {
        // Requests arrive late and repeated: what is here already stays, and so does what follows it.
        if (!cutting && log_.matches({entry.index, entry.term}))
            continue;
        if (entry.index <= commit_)
            return Error(Code::corrupt,
                         fmt::format("raft: committed entry {} differs from that of the leader of "
                                     "term {}",
                                     entry.index.number, term_.number));
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
    // The leader never names more than it knows us to hold; a log that is shorter was damaged, and commits nothing.
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
    return position.index > commit_;
}

bool Raft::install_snapshot(MdsId from, Term term, const SnapshotMeta& meta) {
    const Position position{meta.index, meta.term};
    const bool useful = offer_snapshot(from, term, position);
    if (term != term_ || leader_ != from)
        return false;
    if (!useful || log_.matches(position)) {
        // We hold these entries ourselves, and whatever follows them may be good.
        if (useful)
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
