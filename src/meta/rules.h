// The rules that the catalogue keeps so that what it maps is right. All hold in every program; the
// simulator breaks one at a time, on purpose, to show that its checkers notice. All servers of a
// cluster must apply the log under the same rules.
#pragma once

namespace cairn::meta {

struct Rules {
    // A chunk is marked open for writing before its first write under a lease, so that its writer's
    // death leads to a comparison.
    bool mark_before_write = true;
    // A comparison drops all joiners.
    bool drop_joiners_on_comparison = true;
    // No joiner is added while a comparison runs.
    bool no_join_during_comparison = true;
    // A set never falls below the minimum because of a report or an order.
    bool keep_minimum = true;
    // Only replicas that answer now and are not suspect count towards the minimum.
    bool minimum_counts_answering_unsuspect = true;
    // A lost replica leaves although the minimum does not remain.
    bool lost_leaves_at_minimum = true;
    // Without an unsuspect source the writer's lease is ended before a comparison.
    bool end_lease_without_unsuspect_source = true;
    // A source is logged as unsuspect where there is an unsuspect one.
    bool prefer_unsuspect_source = true;
    // No lease is granted while a fence stands.
    bool fence_blocks_grants = true;
    // A silent server that left holds the fence up until that lease has run out by the clock.
    bool wait_for_silent_leavers = true;
    // A shared lease and an exclusive one exclude each other.
    bool shared_excludes_exclusive = true;
    // After an unclean start, replicas of chunks that were open for writing are not believed.
    bool unclean_start_is_suspect = true;
    // A comparison voids what in-sync replicas answered before it: their `since` is its version.
    bool comparison_renews_since = true;
    // A chunk server whose repository does not know its last start that was accepted is refused.
    bool refuse_restored_copy = true;
    // Digests of replicas are compared, so that a write which one of them lost together with its
    // table is noticed.
    bool compare_digests = true;
    // Only those of a chunk that nobody writes, joins or compares meanwhile count.
    bool compare_only_quiet = true;
    // The answer to a session's request is kept, and given again when the request comes again.
    bool keep_answers = true;
    // What a lost server held is made anew on others.
    bool replace_lost = true;
    // Not what a server that is only silent may bring back.
    bool wait_for_silent = true;
    // But what a server has no space for is made elsewhere.
    bool pass_over_full = true;
    // Nor while more servers are offline than the settings allow.
    bool halt_when_many_are_lost = true;
    // On hosts that hold no other replica.
    bool recover_into_free_domains = true;
    // Where replicas do not stand in the tier or domain that is asked for, they move there.
    bool move_to_better = true;
    // Where servers are fuller than others, replicas move to the emptier ones.
    bool fill_evenly = true;
    // A chunk that is asked for much moves from a server with a long queue to one with a shorter.
    bool cool_hot_servers = true;
    // A replica leaves a server that is removed when enough others stand.
    bool drain_after_copies = true;
};

}  // namespace cairn::meta
