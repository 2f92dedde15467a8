#include "sim/stories.h"

namespace cairn::sim {

namespace {

constexpr ClusterShape base() {
    ClusterShape shape;
    shape.metadata_servers = 1;
    shape.cs_hosts = 3;
    shape.cs_per_host = 1;
    shape.clients = 2;
    shape.files = 1;
    shape.blocks_per_file = 16;
    shape.replicas_norm = 3;
    shape.replicas_min = 2;
    shape.lease_timeout = seconds(4);
    return shape;
}

constexpr ClusterShape with(void (*change)(ClusterShape&)) {
    ClusterShape shape = base();
    change(shape);
    return shape;
}

constexpr ClusterShape two_replicas() {
    return with([](ClusterShape& shape) {
        shape.cs_hosts = 2;
        shape.replicas_norm = 2;
    });
}

constexpr Story all[] = {
    {"disk-error", base(), story_disk_error},
    {"disk-full", base(), story_disk_full},
    {"trim", base(), story_trim},
    {"unreadable-block", base(), story_unreadable_block},
    {"recovery", with([](ClusterShape& shape) {
         shape.replicas_norm = 2;
         shape.replicas_min = 1;
         shape.offline_timeout = seconds(12);
     }),
     story_recovery},
    {"cold-rot", base(), story_cold_rot},
    {"verify", with([](ClusterShape& shape) { shape.verify_chunks = 0; }), story_verify},
    {"deleted-files", base(), story_deleted_files},
    {"digests", base(), story_digests},
    {"quiet-digests", with([](ClusterShape& shape) { shape.lease_timeout = seconds(60); }),
     story_quiet_digests},
    {"hedge", base(), story_hedge},
    {"restored-mds", with([](ClusterShape& shape) {
         shape.metadata_servers = 3;
         shape.lease_timeout = seconds(60);
     }),
     story_restored_mds},
    {"unfinished-loss", with([](ClusterShape& shape) {
         shape.metadata_servers = 3;
         shape.offline_timeout = seconds(12);
     }),
     story_unfinished_loss},
    {"drain-seal", with([](ClusterShape& shape) {
         shape.clients = 3;
         shape.verify_chunks = 0;  // it would load the table
         shape.lease_timeout = seconds(60);
     }),
     story_drain_seal},
    {"drain-session", base(), story_drain_session},
    {"durable-seal", with([](ClusterShape& shape) {
         shape.cs_ports_fixed = true;
         shape.lease_timeout = seconds(60);
     }),
     story_durable_seal},
    {"fence-grant", with([](ClusterShape& shape) { shape.lease_timeout = seconds(20); }),
     story_fence_grant},
    {"lease-clock", with([](ClusterShape& shape) {
         shape.replicas_min = 1;
         shape.offline_timeout = seconds(2);
     }),
     story_lease_clock},
    {"since", with([](ClusterShape& shape) {
         shape.replicas_min = 1;
         shape.offline_timeout = seconds(2);
         shape.lease_timeout = seconds(60);
     }),
     story_since},
    {"gate", base(), story_gate},
    {"hole", with([](ClusterShape& shape) {
         shape.blocks_per_file = 32;
         shape.lease_timeout = seconds(30);
     }),
     story_hole},
    {"minimum", with([](ClusterShape& shape) {
         shape.offline_timeout = seconds(2);
         shape.lease_timeout = seconds(30);
     }),
     story_minimum},
    // What is held at once is in the flush that comes after it.
    {"flush-late", with([](ClusterShape& shape) { shape.staging_bytes = 0; }), story_flush_late},
    {"failed-writes", with([](ClusterShape& shape) { shape.lease_timeout = seconds(60); }),
     story_failed_writes},
    {"full-write", with([](ClusterShape& shape) { shape.lease_timeout = seconds(60); }),
     story_full_write},
    {"durable-write", base(), story_durable_write},
    {"join-sync", base(), story_join_sync},
    {"unclean", with([](ClusterShape& shape) {
         shape.cs_ports_fixed = true;
         shape.unmark_after = milliseconds(200);
         shape.lease_timeout = seconds(20);
     }),
     story_unclean},
    {"renew-since", two_replicas(), story_renew_since},
    {"end-lease", two_replicas(), story_end_lease},
    {"unsuspect-source", two_replicas(), story_unsuspect_source},
    {"cut-journal", base(), story_cut_journal},
    {"complete-journal", base(), story_complete_journal},
    {"lost-memory", base(), story_lost_memory},
    {"master-behind", with([](ClusterShape& shape) { shape.blocks_per_file = 32; }),
     story_master_behind},
    {"restored-copy", base(), story_restored_copy},
    {"leavers-hold", with([](ClusterShape& shape) {
         shape.replicas_min = 1;
         shape.offline_timeout = seconds(2);
         shape.lease_timeout = seconds(12);
     }),
     story_leavers_hold},
    {"confirm-master", with([](ClusterShape& shape) {
         shape.metadata_servers = 3;
         shape.replicas_min = 1;
         shape.offline_timeout = seconds(2);
     }),
     story_confirm_master},
    {"older-view", with([](ClusterShape& shape) {
         shape.metadata_servers = 3;
         shape.blocks_per_file = 32;
         shape.cs_ports_fixed = true;
         shape.lease_timeout = seconds(60);
     }),
     story_older_view},
    {"own-term", with([](ClusterShape& shape) { shape.metadata_servers = 5; }), story_own_term},
    {"flush-joiners", with([](ClusterShape& shape) { shape.unmark_after = milliseconds(300); }),
     story_flush_joiners},
    {"remember", with([](ClusterShape& shape) { shape.replicas_min = shape.replicas_norm; }),
     story_remember},
    {"accepted-start", with([](ClusterShape& shape) {
         shape.cs_ports_fixed = true;
         shape.lease_timeout = seconds(60);
     }),
     story_accepted_start},
    {"wait-silent", with([](ClusterShape& shape) {
         shape.replicas_norm = 2;
         shape.replicas_min = 1;
     }),
     story_wait_silent},
    {"pass-over-full", with([](ClusterShape& shape) {
         shape.replicas_norm = 2;
         shape.replicas_min = 1;
     }),
     story_pass_over_full},
    {"halt", with([](ClusterShape& shape) {
         shape.cs_hosts = 5;
         shape.replicas_norm = 2;
         shape.replicas_min = 1;
         shape.offline_timeout = seconds(8);
     }),
     story_halt},
    {"halted-moves", with([](ClusterShape& shape) {
         shape.cs_hosts = 5;
         shape.replicas_norm = 2;
         shape.replicas_min = 1;
         shape.offline_timeout = seconds(8);
     }),
     story_halted_moves},
    {"domains", with([](ClusterShape& shape) {
         shape.cs_per_host = 2;
         shape.blocks_per_file = 128;
         shape.replicas_norm = 2;
         shape.replicas_min = 1;
         shape.offline_timeout = seconds(8);
     }),
     story_domains},
    {"spread", with([](ClusterShape& shape) {
         shape.cs_hosts = 2;
         shape.cs_per_host = 2;
         shape.blocks_per_file = 128;
         shape.replicas_norm = 2;
         shape.replicas_min = 1;
         shape.failure_domain = FailureDomain::disk;
     }),
     story_spread},
    {"fill", with([](ClusterShape& shape) {
         shape.cs_per_host = 1;
         shape.blocks_per_file = 384;
         shape.replicas_norm = 2;
         shape.replicas_min = 1;
     }),
     story_fill},
    {"hot", with([](ClusterShape& shape) {
         shape.cs_per_host = 1;
         shape.replicas_norm = 1;
         shape.replicas_min = 1;
     }),
     story_hot},
    {"drain-copy", with([](ClusterShape& shape) {
         shape.replicas_norm = 2;
         shape.replicas_min = 1;
     }),
     story_drain_copy},
    {"drop-joiners", base(), story_drop_joiners},
    {"leave-minimum", base(), story_leave_minimum},
    {"leave-answering", base(), story_leave_answering},
    {"no-join", base(), story_no_join},
};

}  // namespace

std::span<const Story> stories() {
    return all;
}

const Story* find_story(std::string_view name) {
    for (const Story& story : stories()) {
        if (story.name == name)
            return &story;
    }
    return nullptr;
}

}  // namespace cairn::sim
