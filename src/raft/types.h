// The nouns of consensus: entries, membership, what is persisted, and the messages between servers.
// Plain values without behaviour; raft.h is the machine that turns messages into messages, codec.h
// lays them out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/ids.h"

namespace cairn::raft {

[[nodiscard]] constexpr LogIndex previous(LogIndex index) {
    return LogIndex(index.number - 1);
}
[[nodiscard]] constexpr LogIndex plus(LogIndex index, uint64_t count) {
    return LogIndex(index.number + count);
}

enum class EntryKind : uint8_t {
    // A leader's first entry, which lets it commit what older terms left.
    noop = 0,
    // Opaque to the core.
    data = 1,
    // An encoded Membership (membership.h), in force from the moment it is appended.
    membership = 2,
};

// One position of the log. Copies share the payload, which nobody changes once it is proposed.
struct Entry {
    Term term;
    LogIndex index;
    EntryKind kind = EntryKind::noop;
    Buffer payload;

    friend bool operator==(const Entry& a, const Entry& b) {
        return a.term == b.term && a.index == b.index && a.kind == b.kind &&
               std::ranges::equal(a.payload.view(), b.payload.view());
    }
};

// What an entry takes in a message or in the log file beside its payload.
inline constexpr size_t entry_overhead_bytes = 8 + 8 + 1 + 4;

[[nodiscard]] inline size_t size_of(const Entry& entry) {
    return entry_overhead_bytes + entry.payload.size();
}

struct Member {
    MdsId id;
    bool learner = false;  // is sent everything, and counts in no quorum
    Bytes address;         // opaque to the core

    friend bool operator==(const Member&, const Member&) = default;
};

// The whole list, ordered by id, each id once.
struct Membership {
    std::vector<Member> members;

    [[nodiscard]] const Member* find(MdsId id) const {
        for (const Member& member : members)
            if (member.id == id)
                return &member;
        return nullptr;
    }
    [[nodiscard]] bool is_voter(MdsId id) const {
        const Member* member = find(id);
        return member != nullptr && !member->learner;
    }
    [[nodiscard]] std::vector<MdsId> voters() const {
        std::vector<MdsId> ids;
        for (const Member& member : members)
            if (!member.learner)
                ids.push_back(member.id);
        return ids;
    }
    friend bool operator==(const Membership&, const Membership&) = default;
};

// `term` and `vote` must be on disk before anything that depends on them is said. `commit` travels
// along for free and lets a restarted server apply sooner; it may be older than the truth, and
// covers only entries that were on disk before.
struct HardState {
    Term term;
    MdsId vote;
    LogIndex commit;

    friend bool operator==(const HardState&, const HardState&) = default;
};

// Where a snapshot of the state machine stands in the log, and who the members were there.
struct SnapshotMeta {
    LogIndex index;
    Term term;
    Membership membership;

    friend bool operator==(const SnapshotMeta&, const SnapshotMeta&) = default;
};

// A proposal was carried out if and only if the entry that is later applied at `index` has this
// `term`.
struct Position {
    LogIndex index;
    Term term;

    friend bool operator==(const Position&, const Position&) = default;
};

enum class Role : uint8_t { follower = 0, pre_candidate = 1, candidate = 2, leader = 3 };

[[nodiscard]] std::string_view name_of(Role role);

// A pre-vote request carries the term that its sender would campaign in; nobody's term changes by
// it.
struct VoteRequest {
    bool pre_vote = false;
    // Sent at the leader's own wish: hearing from a leader is no reason to ignore it.
    bool transfer = false;
    Position last;  // the candidate's last entry

    friend bool operator==(const VoteRequest&, const VoteRequest&) = default;
};

// A granted pre-vote carries the term that was asked for, every other answer the sender's own.
struct VoteResponse {
    bool pre_vote = false;
    bool granted = false;

    friend bool operator==(const VoteResponse&, const VoteResponse&) = default;
};

struct AppendRequest {
    Position previous;           // the entry before `entries`
    LogIndex commit;             // the leader's
    std::vector<Entry> entries;  // consecutive, may be empty

    friend bool operator==(const AppendRequest&, const AppendRequest&) = default;
};

struct AppendResponse {
    bool accepted = false;
    LogIndex index;  // accepted: the log equals the leader's up to here, on disk; else the refused
                     // previous
    Position hint;   // refused: the last entry that may still be equal

    friend bool operator==(const AppendResponse&, const AppendResponse&) = default;
};

struct HeartbeatRequest {
    LogIndex commit;     // never beyond what the receiver is known to hold
    uint64_t round = 0;  // counts the leader's heartbeats within its term, for ReadIndex

    friend bool operator==(const HeartbeatRequest&, const HeartbeatRequest&) = default;
};

struct HeartbeatResponse {
    uint64_t round = 0;

    friend bool operator==(const HeartbeatResponse&, const HeartbeatResponse&) = default;
};

// From a leader to its chosen successor: campaign now.
struct TimeoutNow {
    friend bool operator==(const TimeoutNow&, const TimeoutNow&) = default;
};

// The order of the alternatives is part of the wire format (codec.h).
using MessageBody = std::variant<VoteRequest, VoteResponse, AppendRequest, AppendResponse,
                                 HeartbeatRequest, HeartbeatResponse, TimeoutNow>;

struct Message {
    MdsId from;
    MdsId to;
    Term term;
    MessageBody body;

    friend bool operator==(const Message&, const Message&) = default;
};

}  // namespace cairn::raft
