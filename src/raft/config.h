// What a Raft is told about itself at its creation, and the rules that a test may order it to
// break.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace cairn::raft {

// Every rule holds in production. The simulator breaks them one at a time, to prove that its
// checkers see what follows; rule_list() names them for its command line.
struct Rules {
    // Commits by counting only entries of the leader's own term (the paper's figure 8).
    bool commit_only_own_term = true;
    // Says nothing about a vote before the vote is on disk.
    bool persist_before_vote = true;
    // Acknowledges entries only once they are on disk.
    bool persist_before_acknowledge = true;
    // Counts the leader's own copy only once it is on disk.
    bool persist_before_own_count = true;
    // Votes once a term.
    bool one_vote_per_term = true;
    // Votes only for a log that is at least as new as its own.
    bool vote_only_for_newer_log = true;
    // Answers a read only after a quorum heard from this leader since the read came.
    bool read_index_confirmed = true;
    // Takes reads only after an entry of the leader's own term was committed.
    bool read_after_own_term_commit = true;
    // An old or repeated append cuts nothing off that agrees with it.
    bool truncate_only_on_conflict = true;
    // Changes the membership by one member, and only when the last change is committed.
    bool one_membership_change = true;
    // Changes the membership only after an entry of the leader's own term was committed.
    bool membership_after_own_term_commit = true;
    // Asks whether an election could be won before raising the term.
    bool pre_vote = true;
    // A leader without a quorum steps down.
    bool check_quorum = true;
    // Ignores candidates while a leader is heard.
    bool ignore_votes_near_leader = true;
};

struct RuleName {
    std::string_view name;
    bool Rules::* rule;
};

[[nodiscard]] std::span<const RuleName> rule_list();

struct Config {
    MdsId id;
    // Mixed with the id, so that servers given the same seed still draw different election
    // timeouts.
    uint64_t seed = 0;

    // A follower campaigns after election_ticks to 2 * election_ticks - 1 ticks of silence.
    uint32_t election_ticks = 10;
    uint32_t heartbeat_ticks = 2;

    // One append message carries entries up to this size, but always at least one.
    size_t message_bytes_max = size_t{1} << 20;
    size_t entry_bytes_max = size_t{1} << 20;
    // Appends in flight to one follower.
    uint32_t inflight_messages_max = 64;
    size_t inflight_bytes_max = size_t{8} << 20;
    // Proposals beyond this are refused as overloaded until some are committed.
    size_t uncommitted_bytes_max = size_t{64} << 20;
    // Committed entries handed out by one take_output().
    size_t committed_bytes_max = size_t{8} << 20;
    uint32_t pending_reads_max = 10'000;

    Rules rules;
};

[[nodiscard]] Result<void> validate(const Config& config);

}  // namespace cairn::raft
