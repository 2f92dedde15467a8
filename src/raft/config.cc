#include "raft/config.h"

#include <array>

#include "raft/types.h"

namespace cairn::raft {

std::span<const RuleName> rule_list() {
    static constexpr std::array rules = {
        RuleName{"commit_only_own_term", &Rules::commit_only_own_term},
        RuleName{"persist_before_vote", &Rules::persist_before_vote},
        RuleName{"persist_before_acknowledge", &Rules::persist_before_acknowledge},
        RuleName{"persist_before_own_count", &Rules::persist_before_own_count},
        RuleName{"one_vote_per_term", &Rules::one_vote_per_term},
        RuleName{"vote_only_for_newer_log", &Rules::vote_only_for_newer_log},
        RuleName{"read_index_confirmed", &Rules::read_index_confirmed},
        RuleName{"read_after_own_term_commit", &Rules::read_after_own_term_commit},
        RuleName{"truncate_only_on_conflict", &Rules::truncate_only_on_conflict},
        RuleName{"one_membership_change", &Rules::one_membership_change},
        RuleName{"membership_after_own_term_commit", &Rules::membership_after_own_term_commit},
        RuleName{"pre_vote", &Rules::pre_vote},
        RuleName{"check_quorum", &Rules::check_quorum},
        RuleName{"ignore_votes_near_leader", &Rules::ignore_votes_near_leader},
    };
    static_assert(sizeof(Rules) == rules.size() * sizeof(bool), "a rule is missing from the list");
    return rules;
}

Result<void> validate(const Config& config) {
    const auto wrong = [](const char* what) {
        return Error(Code::invalid_argument, what);
    };
    if (config.id.is_none())
        return wrong("raft: the server has no id");
    if (config.heartbeat_ticks == 0 || config.election_ticks < 2 * config.heartbeat_ticks)
        return wrong("raft: an election timeout must be at least two heartbeats long");
    if (config.message_bytes_max == 0 || config.inflight_messages_max == 0 ||
        config.inflight_bytes_max == 0 || config.committed_bytes_max == 0)
        return wrong("raft: a limit of zero would stop replication");
    if (config.uncommitted_bytes_max < entry_overhead_bytes ||
        config.uncommitted_bytes_max - entry_overhead_bytes < config.entry_bytes_max)
        return wrong("raft: the largest entry does not fit into uncommitted_bytes_max");
    return {};
}

}  // namespace cairn::raft
