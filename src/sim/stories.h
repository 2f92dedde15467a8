// Stories: schedules against which single rules stand, each told on a Stage: with all rules kept it
// must come out well, with its rule broken some seed of it must not. `--broken RULE` plays the
// story of the rule first; ordinary seeds play one now and then. Some are of no rule, but of faults
// that are too rare, or too many at once, for seeds in which everything happens.
#pragma once

#include <span>
#include <string_view>

#include "sim/seed_plan.h"
#include "sim/stage.h"

namespace cairn::sim {

struct Story {
    std::string_view name;  // of its rule, as in `--rules`; or its own
    ClusterShape shape;     // one chunk server on each host
    void (*play)(Stage& stage);
};

[[nodiscard]] std::span<const Story> stories();
// Null where a rule has none: chance meets its schedule often enough.
[[nodiscard]] const Story* find_story(std::string_view name);

// The stories, in src/sim/stories/.
void story_disk_error(Stage& stage);
void story_disk_full(Stage& stage);
void story_trim(Stage& stage);
void story_unreadable_block(Stage& stage);
void story_unfinished_loss(Stage& stage);
void story_recovery(Stage& stage);
void story_cold_rot(Stage& stage);
void story_verify(Stage& stage);
void story_deleted_files(Stage& stage);
void story_digests(Stage& stage);
void story_quiet_digests(Stage& stage);
void story_flush_late(Stage& stage);
void story_full_write(Stage& stage);
void story_failed_writes(Stage& stage);
void story_durable_write(Stage& stage);
void story_gate(Stage& stage);
void story_hole(Stage& stage);
void story_join_sync(Stage& stage);
void story_minimum(Stage& stage);
void story_renew_since(Stage& stage);
void story_since(Stage& stage);
void story_unclean(Stage& stage);
void story_drain_seal(Stage& stage);
void story_drain_session(Stage& stage);
void story_durable_seal(Stage& stage);
void story_fence_grant(Stage& stage);
void story_drop_joiners(Stage& stage);
void story_flush_joiners(Stage& stage);
void story_leave_answering(Stage& stage);
void story_leave_minimum(Stage& stage);
void story_lease_clock(Stage& stage);
void story_end_lease(Stage& stage);
void story_unsuspect_source(Stage& stage);
void story_confirm_master(Stage& stage);
void story_cut_journal(Stage& stage);
void story_lost_memory(Stage& stage);
void story_complete_journal(Stage& stage);
void story_master_behind(Stage& stage);
void story_restored_copy(Stage& stage);
void story_leavers_hold(Stage& stage);
void story_older_view(Stage& stage);
void story_own_term(Stage& stage);
void story_no_join(Stage& stage);
void story_remember(Stage& stage);
void story_accepted_start(Stage& stage);
void story_wait_silent(Stage& stage);
void story_pass_over_full(Stage& stage);
void story_halt(Stage& stage);
void story_halted_moves(Stage& stage);
void story_hedge(Stage& stage);
void story_restored_mds(Stage& stage);
void story_domains(Stage& stage);
void story_drain_copy(Stage& stage);
void story_spread(Stage& stage);
void story_fill(Stage& stage);
void story_hot(Stage& stage);

}  // namespace cairn::sim
