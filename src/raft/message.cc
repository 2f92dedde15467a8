#include "raft/message.h"

#include "raft/membership.h"

namespace cairn::raft {
namespace {

Error malformed(const char* what) {
    return {Code::invalid_argument, what};
}

Result<void> check_positions(const Message& message) {
    const auto sane = [](Position position) {
        return position.index.number <= index_max && position.term.number <= term_max;
    };
    if (const auto* vote = std::get_if<VoteRequest>(&message.body); vote && !sane(vote->last))
        return malformed("raft vote request: position out of range");
    if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
        if (!sane(append->previous) || append->commit.number > index_max)
            return malformed("raft append request: position out of range");
        if (append->previous.index.is_none() != append->previous.term.is_none())
            return malformed("raft append request: half a previous position");
        return check_entries(append->previous, message.term, append->entries);
    }
    if (const auto* answer = std::get_if<AppendResponse>(&message.body))
        if (!sane(answer->hint) || answer->index.number > index_max)
            return malformed("raft append response: position out of range");
    return {};
}

}  // namespace

std::string_view name_of(Role role) {
    switch (role) {
        case Role::follower: return "follower";
        case Role::pre_candidate: return "pre-candidate";
        case Role::candidate: return "candidate";
        case Role::leader: return "leader";
    }
    return "unknown";
}

Result<void> check_entries(Position previous, Term term, const std::vector<Entry>& entries) {
    Position before = previous;
    for (const Entry& entry : entries) {
        if (entry.index != before.index.next() || entry.index.number > index_max)
            return malformed("raft entries: not consecutive");
        if (entry.term < before.term || entry.term > term || entry.term.is_none())
            return malformed("raft entries: a term is out of order");
        if (entry.kind == EntryKind::membership)
            TRY(decode_membership(entry.payload.view()));
        before = {entry.index, entry.term};
    }
    return {};
}

Result<void> check_message(const Message& message) {
    if (message.from.is_none() || message.to.is_none() || message.from == message.to)
        return malformed("raft message: sender and receiver must be two servers");
    if (message.term.is_none() || message.term.number > term_max)
        return malformed("raft message: term out of range");
    return check_positions(message);
}

}  // namespace cairn::raft
