#include "meta/catalogue/event_texts.h"

#include <fmt/core.h>

namespace cairn::meta {

namespace {

using logged::AddEvent;

AddEvent mds_event(EventSeverity severity, std::string text) {
    return AddEvent{EventSystem::mds, severity, std::move(text)};
}
AddEvent journal_event(EventSeverity severity, std::string text) {
    return AddEvent{EventSystem::journal, severity, std::move(text)};
}
AddEvent monitor_event(std::string text) {
    return AddEvent{EventSystem::monitor, EventSeverity::warning, std::move(text)};
}

// "250.6Gb", as the documents print the physical space and nothing else.
std::string physical_text(uint64_t bytes) {
    static constexpr const char* units[] = {"b", "Kb", "Mb", "Gb", "Tb", "Pb"};
    size_t unit = 0;
    uint64_t tenths = bytes * 10;
    if (bytes > UINT64_MAX / 10)
        tenths = UINT64_MAX;
    while (tenths >= 10'240 && unit + 1 < std::size(units)) {
        tenths /= 1024;
        unit++;
    }
    return fmt::format("{}.{}{}", tenths / 10, tenths % 10, units[unit]);
}

AddEvent cs_silent(CsId cs, Duration silent, std::string_view state) {
    return mds_event(
        EventSeverity::warning,
        fmt::format("CS#{} has not registered during the last {} sec and is marked as {}",
                    cs.number, silent.seconds(), state));
}

std::string names_of(std::span<const CsId> servers) {
    std::string names;
    for (const CsId cs : servers)
        names += fmt::format("{}CS#{}", names.empty() ? "" : ", ", cs.number);
    return names;
}

}  // namespace

AddEvent mds_lags(MdsId mds, const Address& address) {
    return journal_event(EventSeverity::error,
                         fmt::format("MDS#{} ({}) lags behind for more than 1000 rounds",
                                     mds.number, to_string(address)));
}

AddEvent mds_is_restored_copy(MdsId mds, const Address& address) {
    return journal_event(
        EventSeverity::error,
        fmt::format("MDS#{} ({}) was refused: its repository is an old copy, or two programs run "
                    "from copies of it; remove it and make it anew",
                    mds.number, to_string(address)));
}

AddEvent mds_moved(MdsId mds, const Address& address) {
    return mds_event(EventSeverity::info,
                     fmt::format("MDS#{} has moved to {}", mds.number, to_string(address)));
}

AddEvent mds_accepts_no_commits(MdsId mds, const Address& address, Duration silent) {
    return journal_event(EventSeverity::error,
                         fmt::format("MDS#{} ({}) didn't accept commits for {} sec", mds.number,
                                     to_string(address), silent.seconds()));
}

AddEvent mds_disk_is_full(MdsId mds, const Address& address, std::string_view repository) {
    return journal_event(EventSeverity::error,
                         fmt::format("MDS#{} ({}) has no space for more of its log in {}: free "
                                     "space on this disk",
                                     mds.number, to_string(address), repository));
}

AddEvent mds_disk_has_room(MdsId mds, const Address& address) {
    return journal_event(EventSeverity::info, fmt::format("MDS#{} ({}) has space for its log again",
                                                          mds.number, to_string(address)));
}

AddEvent mds_resyncs(MdsId mds, const Address& address) {
    return journal_event(EventSeverity::error,
                         fmt::format("MDS#{} ({}) state is outdated and will do a full resync",
                                     mds.number, to_string(address)));
}

AddEvent mds_became_master(MdsId mds, const Address& address) {
    return journal_event(EventSeverity::info,
                         fmt::format("MDS#{} at {} became master", mds.number, to_string(address)));
}

AddEvent mds_stopped(MdsId mds) {
    return monitor_event(fmt::format("MDS#{} was stopped", mds.number));
}

AddEvent cluster_healthy(uint32_t active) {
    return mds_event(EventSeverity::info,
                     fmt::format("The cluster is healthy with {} active CS", active));
}

AddEvent cluster_degraded(const CsCounts& counts) {
    return mds_event(
        EventSeverity::warning,
        fmt::format("The cluster is degraded with {} active, {} inactive, {} offline CS",
                    counts.active, counts.inactive, counts.offline));
}

AddEvent cluster_failed(const CsCounts& counts, uint32_t max_offline_cs) {
    return mds_event(EventSeverity::error,
                     fmt::format("The cluster failed with {} active, {} inactive, {} offline CS "
                                 "(mds.wd.max_offline_cs={})",
                                 counts.active, counts.inactive, counts.offline, max_offline_cs));
}

AddEvent cluster_filled(uint32_t percent) {
    return mds_event(percent >= 80 ? EventSeverity::warning : EventSeverity::info,
                     fmt::format("The cluster is filled up to {} %", percent));
}

AddEvent cluster_free_space(uint64_t free, uint64_t total) {
    const uint64_t percent = total == 0 ? 0 : free / (total / 100 + (total < 100 ? 1 : 0));
    return mds_event(
        EventSeverity::info,
        fmt::format("The cluster physical free space: {} ({}%), total {}", physical_text(free),
                    std::min<uint64_t>(percent, 100), physical_text(total)));
}

AddEvent replication_started(uint64_t chunks) {
    return mds_event(EventSeverity::info,
                     fmt::format("Replication started, {} chunks are queued", chunks));
}

AddEvent replication_completed() {
    return mds_event(EventSeverity::info, "Replication completed");
}

AddEvent cs_is_restored_copy(CsId cs, std::string_view repository) {
    return mds_event(
        EventSeverity::error,
        fmt::format("CS#{} was refused: its repository {} is an old copy, or two programs run from "
                    "copies of it; remove it and make a new one",
                    cs.number, repository));
}

AddEvent hosts_share_an_id(CsId one, CsId other, HostId host) {
    return mds_event(EventSeverity::warning,
                     fmt::format("CS#{} and CS#{} run on different machines with one host ID, {}: "
                                 "replicas are not spread between these; give one of the machines "
                                 "an ID of its own (/etc/vstorage/host_id)",
                                 one.number, other.number, to_string(host)));
}

AddEvent cs_hard_error(CsId cs, std::string_view path) {
    return mds_event(EventSeverity::warning,
                     fmt::format("CS#{} has reported hard error on {}", cs.number, path));
}

AddEvent replica_differs(ChunkId chunk, CsId cs, bool leaves) {
    return mds_event(
        leaves ? EventSeverity::warning : EventSeverity::error,
        fmt::format("Content of chunk {} on CS#{} differs from its other replicas and {}",
                    chunk.number, cs.number,
                    leaves ? "is replaced by theirs"
                           : "cannot be replaced now: too few would remain meanwhile"));
}

AddEvent replicas_differ(ChunkId chunk, std::span<const CsId> servers) {
    return mds_event(EventSeverity::error,
                     fmt::format("Content of chunk {} differs between {}: which one is right is "
                                 "not known, and all are kept",
                                 chunk.number, names_of(servers)));
}

AddEvent cs_inactive(CsId cs, Duration silent) {
    return cs_silent(cs, silent, "inactive");
}

AddEvent cs_offline(CsId cs, Duration silent) {
    return cs_silent(cs, silent, "offline");
}

AddEvent cs_stopped(CsId cs) {
    return monitor_event(fmt::format("CS#{} was stopped", cs.number));
}

AddEvent cs_is_removed(CsId cs) {
    return mds_event(EventSeverity::info, fmt::format("CS#{} is being removed", cs.number));
}

AddEvent cs_removal_cancelled(CsId cs) {
    return mds_event(EventSeverity::info,
                     fmt::format("The removal of CS#{} is cancelled", cs.number));
}

AddEvent cs_was_removed(CsId cs) {
    return mds_event(EventSeverity::info, fmt::format("CS#{} was removed", cs.number));
}

AddEvent cs_is_dropped(CsId cs, uint64_t lost) {
    return mds_event(
        lost > 0 ? EventSeverity::error : EventSeverity::warning,
        fmt::format("CS#{} was dropped by force, {} chunks are lost with it", cs.number, lost));
}

AddEvent cs_active(std::span<const CsId> servers) {
    return mds_event(EventSeverity::info, fmt::format("{} {} active", names_of(servers),
                                                      servers.size() == 1 ? "is" : "are"));
}

AddEvent configuration_updated(std::string_view by) {
    return mds_event(EventSeverity::info,
                     fmt::format("Global configuration updated by request from {}", by));
}

AddEvent allocation_failed(std::string text) {
    return mds_event(EventSeverity::warning, std::move(text));
}

AddEvent allocation_succeeds(const StorageAttributes& storage) {
    const char* domain = storage.failure_domain == FailureDomain::host ? "host" : "disk";
    return mds_event(EventSeverity::info,
                     fmt::format("Chunks with {} replicas can be allocated again (tier {}, "
                                 "failure-domain={})",
                                 storage.replicas_norm, storage.tier, domain));
}

}  // namespace cairn::meta
