#include "sim/rules.h"

namespace cairn::sim {

namespace {

template <auto part, auto rule>
bool& of(AllRules& rules) {
    return rules.*part.*rule;
}

}  // namespace

namespace {

using A = AllRules;
using C = client::Rules;
using S = chunk::ServiceRules;
using T = chunk::StoreRules;
using M = meta::Rules;

constexpr RuleInfo rules[] = {
    {"order", "a client's overlapping requests wait for each other",
     of<&A::client, &C::order_overlapping>, Focus::joins},
    {"since", "an answer given before the piece's since does not count",
     of<&A::client, &C::void_old_answers>, Focus::joins},
    {"lease-clock", "nothing completes after the lease ran out by the client's clock",
     of<&A::client, &C::complete_within_lease>, Focus::takeovers},
    {"gate", "a client reads only what its own map calls equal",
     of<&A::client, &C::read_only_equal>, Focus::comparisons},
    {"minimum", "a write completes only with the minimum of replicas in sync",
     of<&A::client, &C::keep_minimum>},
    {"flush-joiners", "a flush waits for joining replicas too", of<&A::client, &C::flush_joiners>,
     Focus::joins},
    {"failed-writes", "what a client's write failed to write, no copy leaves out",
     of<&A::service, &S::forget_failed_writes>, Focus::joins},
    {"full-write", "a write fails for want of space only once all replicas are being made equal",
     of<&A::client, &C::fail_made_equal>, Focus::comparisons},
    {"flush-late", "a write that ended while a flush ran is left for the next one",
     of<&A::client, &C::flush_what_ended_last>, Focus::comparisons},
    {"hole", "a hole is read only with the lease confirmed since the read began",
     of<&A::client, &C::confirm_holes>, Focus::takeovers},
    {"older-view", "a view from behind one seen before is not accepted",
     of<&A::client, &C::refuse_older_views>, Focus::masters},
    {"hedge", "where a replica is late with a read, another one is asked as well",
     of<&A::client, &C::hedge_reads>},
    {"fence", "a request older in version or epoch is refused", of<&A::service, &S::refuse_older>,
     Focus::takeovers},
    {"drain-seal", "a seal waits until nothing older runs", of<&A::service, &S::drain_before_seal>,
     Focus::takeovers},
    {"durable-seal", "a seal is durable before it is answered",
     of<&A::service, &S::seal_is_durable>, Focus::takeovers},
    {"copy-guard", "a copy never overwrites a block that a client wrote since",
     of<&A::service, &S::guard_client_blocks>, Focus::joins},
    {"remember", "what clients wrote is remembered from the first hearing of a version",
     of<&A::service, &S::remember_from_first_hearing>, Focus::comparisons},
    {"join-sync", "a joiner is complete only after syncing",
     of<&A::service, &S::sync_before_complete>, Focus::joins},
    {"durable-write", "a write that is to be durable is answered only when it is",
     of<&A::service, &S::sync_durable_writes>},
    {"unclean", "after an unclean start nothing is answered before readmission",
     of<&A::service, &S::refuse_until_admitted>, Focus::comparisons},
    {"accepted-start", "nothing is answered before a master has accepted the start",
     of<&A::service, &S::answer_accepted_only>, Focus::joins},
    {"master-behind", "orders of a master behind one already heard are refused",
     of<&A::service, &S::refuse_masters_behind>, Focus::masters},
    {"sync", "a flush syncs the journal", of<&A::store, &T::sync_on_flush>},
    {"sync-placed", "a flush syncs the chunk files that large writes went to",
     of<&A::store, &T::sync_placed_on_flush>},
    {"verify", "a read compares content with its checksum", of<&A::store, &T::verify_on_read>},
    {"cut-journal", "a journal that was cut counts as an unclean stop",
     of<&A::store, &T::count_cut_as_unclean>, Focus::comparisons},
    {"complete-journal", "after a kill the journal gets what was held in memory only",
     of<&A::store, &T::complete_journal>},
    {"lost-memory", "where that memory is gone the stop counts as unclean",
     of<&A::store, &T::count_lost_as_unclean>, Focus::comparisons},
    {"mark", "a chunk is marked open for writing before its first write",
     of<&A::catalogue, &M::mark_before_write>},
    {"drop-joiners", "a comparison drops all joiners",
     of<&A::catalogue, &M::drop_joiners_on_comparison>, Focus::comparisons},
    {"no-join", "no joiner is added while a comparison runs",
     of<&A::catalogue, &M::no_join_during_comparison>, Focus::joins},
    {"leave-minimum", "a set never falls below the minimum by a report",
     of<&A::catalogue, &M::keep_minimum>, Focus::joins},
    {"leave-answering", "only replicas that answer and are not suspect count for the minimum",
     of<&A::catalogue, &M::minimum_counts_answering_unsuspect>, Focus::joins},
    {"end-lease", "without an unsuspect source the writer's lease is ended",
     of<&A::catalogue, &M::end_lease_without_unsuspect_source>, Focus::comparisons},
    {"unsuspect-source", "an unsuspect source is taken where there is one",
     of<&A::catalogue, &M::prefer_unsuspect_source>, Focus::comparisons},
    {"fence-grant", "no lease is granted while a fence stands",
     of<&A::catalogue, &M::fence_blocks_grants>, Focus::takeovers},
    {"leavers-hold", "a silent server that left holds the fence up until the lease ran out",
     of<&A::catalogue, &M::wait_for_silent_leavers>, Focus::takeovers},
    {"restored-copy", "a chunk server that does not know its last accepted start is refused",
     of<&A::catalogue, &M::refuse_restored_copy>, Focus::joins},
    {"exclusive", "a shared lease and an exclusive one exclude each other",
     of<&A::catalogue, &M::shared_excludes_exclusive>, Focus::takeovers},
    {"suspect", "an unclean restart is not believed",
     of<&A::catalogue, &M::unclean_start_is_suspect>, Focus::comparisons},
    {"renew-since", "a comparison voids what was answered before it",
     of<&A::catalogue, &M::comparison_renews_since>, Focus::comparisons},
    {"keep-answers", "a repeated request gets its first answer",
     of<&A::catalogue, &M::keep_answers>, Focus::masters},
    {"recovery", "what a lost server held is made anew", of<&A::catalogue, &M::replace_lost>},
    {"wait-silent", "nothing is replaced whose server is only silent",
     of<&A::catalogue, &M::wait_for_silent>},
    {"pass-over-full", "what a returning server has no space for is made elsewhere",
     of<&A::catalogue, &M::pass_over_full>},
    {"halt", "recovery stops where more servers are lost than the settings allow",
     of<&A::catalogue, &M::halt_when_many_are_lost>},
    {"domains", "a new replica stands on a host without another",
     of<&A::catalogue, &M::recover_into_free_domains>},
    {"spread", "replicas move where domains have changed", of<&A::catalogue, &M::move_to_better>},
    {"fill", "replicas move from full servers to empty ones", of<&A::catalogue, &M::fill_evenly>},
    {"hot", "a hot chunk moves from a hot server to one with a shorter queue",
     of<&A::catalogue, &M::cool_hot_servers>},
    {"drain-copy", "a replica leaves a server that is removed when it stands elsewhere",
     of<&A::catalogue, &M::drain_after_copies>},
    {"digests", "digests of replicas are compared", of<&A::catalogue, &M::compare_digests>},
    {"quiet-digests", "only digests of a chunk that nobody changes meanwhile count",
     of<&A::catalogue, &M::compare_only_quiet>, Focus::joins},
    {"confirm-master", "a view is given only by a confirmed master",
     of<&A::node, &meta::MetaNodeRules::confirm_before_answer>, Focus::masters},
    {"restored-mds", "a metadata server that comes back with less than it had is not listened to",
     of<&A::node, &meta::MetaNodeRules::refuse_restored_peers>, Focus::masters},
    {"durable-log", "a log entry is durable before it counts",
     of<&A::log, &meta::LogStoreRules::write_durably>, Focus::masters},
    {"own-term", "only entries of the own term are committed by counting",
     of<&A::raft, &raft::Rules::commit_only_own_term>, Focus::masters},
    {"drain-session", "a new session drains the old one",
     of<&A::rpc, &rpc::Rules::drain_old_sessions>, Focus::takeovers},
};

}  // namespace

std::span<const RuleInfo> breakable_rules() {
    return rules;
}

const RuleInfo* find_rule(std::string_view name) {
    for (const RuleInfo& rule : breakable_rules()) {
        if (rule.name == name)
            return &rule;
    }
    return nullptr;
}

}  // namespace cairn::sim
