#include "cli/vstorage/status_json.h"

#include <array>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/size.h"

namespace cairn::cli {

namespace {

std::vector<std::pair<std::string, uint64_t>> named_counts(const ChunkCounts& counts) {
    return {{"healthy", counts.healthy},
            {"standby", counts.standby},
            {"degraded", counts.degraded},
            {"urgent", counts.urgent},
            {"blocked", counts.blocked},
            {"pending", counts.pending},
            {"offline", counts.offline},
            {"replicating", counts.replicating},
            {"overcommitted", counts.overcommitted},
            {"deleting", counts.deleting},
            {"void", counts.void_chunks}};
}

nlohmann::json json_of(const MdsStatus& server) {
    return {{"id", server.mds.number},
            {"address", to_string(server.address)},
            {"voter", server.voter},
            {"master", server.master},
            {"available", server.available},
            {"commit_time_permille", server.commit_time_permille},
            {"commits_per_second", server.commits_per_second},
            {"cpu_permille", server.cpu_permille},
            {"memory_bytes", server.memory_bytes},
            {"uptime_seconds", server.uptime.seconds()},
            {"host_name", server.host_name}};
}

nlohmann::json json_of(const CsStatus& server) {
    const CsCounters& counters = server.counters;
    return {{"id", server.cs.number},
            {"state", name_of(server.state)},
            {"removal", server.removal},
            {"host_id", to_string(server.host)},
            {"host_name", server.host_name},
            {"address", to_string(server.address)},
            {"repository", server.repository},
            {"tier", server.tier},
            {"space_total", server.space.total},
            {"space_free", server.space.free},
            {"replicas", server.replicas},
            {"unique", server.unique},
            {"flags", flags_text(server.flags)},
            {"build_version", server.build_version},
            {"silent_milliseconds", server.silent.milliseconds()},
            {"io_wait_percent", counters.io_wait_percent},
            {"latency_average_us", counters.latency_average_us},
            {"latency_maximum_us", counters.latency_maximum_us},
            {"queue_depth_tenths", counters.queue_depth_tenths},
            {"read_bytes", counters.read_bytes},
            {"read_operations", counters.read_operations},
            {"write_bytes", counters.write_bytes},
            {"write_operations", counters.write_operations},
            {"bad_blocks", counters.bad_blocks},
            {"rewritten", counters.rewritten},
            {"verified_bytes", counters.verified_bytes},
            {"verified_chunks", counters.verified_chunks},
            {"repair_read_bytes", counters.repair_read_bytes},
            {"repair_write_bytes", counters.repair_write_bytes}};
}

std::string time_left_text(Duration left) {
    const int64_t total = left.seconds() + 1;
    if (total < 90)
        return fmt::format("{} s", total);
    if (total < 5400)
        return fmt::format("{} min", (total + 30) / 60);
    return fmt::format("{} h {} min", total / 3600, total % 3600 / 60);
}

nlohmann::json json_of(const RecoveryStatus& recovery) {
    return {{"halted", recovery.halted},
            {"queued", recovery.queued},
            {"running", recovery.running},
            {"nowhere", recovery.nowhere},
            {"read_bytes_per_second", recovery.read_bytes_per_second},
            {"write_bytes_per_second", recovery.write_bytes_per_second},
            {"seconds_left", recovery.left.seconds()}};
}

nlohmann::json json_of(const QueueStatus& queues) {
    return {{"depth_average_tenths", queues.average_tenths},
            {"depth_maximum_tenths", queues.maximum_tenths},
            {"hot_servers", queues.hot},
            {"hot_servers_balanced", queues.balanced},
            {"seconds_since", queues.since.seconds()}};
}

}  // namespace

std::string_view name_of(ShownClusterStatus status) {
    switch (status) {
        case ShownClusterStatus::unknown: return "unknown";
        case ShownClusterStatus::healthy: return "healthy";
        case ShownClusterStatus::degraded: return "degraded";
        case ShownClusterStatus::failure: return "failure";
    }
    return "unknown";
}

std::string_view name_of(CsShownState state) {
    switch (state) {
        case CsShownState::active: return "active";
        case CsShownState::inactive: return "inactive";
        case CsShownState::offline: return "offline";
    }
    return "inactive";
}

std::string flags_text(uint32_t flags) {
    constexpr std::array<std::pair<uint32_t, char>, 6> letters{{{cs_flag_journal, 'J'},
                                                                {cs_flag_checksums, 'C'},
                                                                {cs_flag_direct, 'D'},
                                                                {cs_flag_clean_journal, 'c'},
                                                                {cs_flag_io_error, 'H'},
                                                                {cs_flag_checksum_error, 'h'}}};
    std::string text;
    for (const auto& [flag, letter] : letters) {
        if ((flags & flag) != 0)
            text += letter;
    }
    return text;
}

std::string chunks_text(const ClusterStatusReply& status) {
    const ChunkCounts& counts = status.chunk_counts;
    const bool served = counts.blocked == 0 && counts.offline == 0;
    std::string text = fmt::format("Chunks: [{}] ", served ? "OK" : "WARN");
    const auto named = named_counts(counts);
    uint64_t total = 0;
    for (const auto& [name, number] : named)
        total += number;
    for (size_t i = 0; i < named.size(); i++) {
        const uint64_t percent = total == 0 ? 0 : named[i].second * 100 / total;
        text += fmt::format("{} ({}%) {}", named[i].second, percent, named[i].first);
        const bool line_ends = i == 3 || i == 7;
        text += i + 1 == named.size() ? "\n" : line_ends ? ",\n        " : ", ";
    }
    return text + fmt::format(
                      "FS: {} in {} files, {} inodes, {} file maps, {} chunks, {} chunk "
                      "replicas\n",
                      size_text(status.file_bytes), status.files, status.inodes, status.file_maps,
                      status.chunks, status.chunk_replicas);
}

std::string recovery_text(const ClusterStatusReply& status) {
    const RecoveryStatus& recovery = status.recovery;
    if (recovery.halted)
        return "halted: more chunk servers are offline than mds.wd.max_offline_cs or "
               "mds.wd.max_offline_cs_hosts allow";
    if (recovery.queued == 0 && recovery.running == 0)
        return "";
    std::string text = fmt::format("{} chunks queued, {} copied, {}/s", recovery.queued,
                                   recovery.running, size_text(recovery.write_bytes_per_second));
    if (recovery.nowhere > 0)
        text += fmt::format(", {} find no chunk server with room", recovery.nowhere);
    if (recovery.left.nanoseconds > 0)
        text += fmt::format(", about {} left", time_left_text(recovery.left));
    return text;
}

nlohmann::json json_of(const ClusterStatusReply& status) {
    nlohmann::json value{{"cluster", status.cluster_name},
                         {"cluster_id", to_string(status.cluster)},
                         {"answering_mds", status.answering.number},
                         {"status", name_of(status.status)},
                         {"epoch_uptime_seconds", status.epoch_uptime.seconds()},
                         {"allocatable", status.allocatable},
                         {"allocatable_total", status.allocatable_total},
                         {"free", status.free},
                         {"total", status.total},
                         {"replicas_norm", status.replicas_norm},
                         {"replicas_min", status.replicas_min},
                         {"read_bytes_per_second", status.read_bytes_per_second},
                         {"read_operations_per_second", status.read_operations_per_second},
                         {"write_bytes_per_second", status.write_bytes_per_second},
                         {"write_operations_per_second", status.write_operations_per_second},
                         {"file_bytes", status.file_bytes},
                         {"files", status.files},
                         {"inodes", status.inodes},
                         {"file_maps", status.file_maps},
                         {"chunks", status.chunks},
                         {"chunk_replicas", status.chunk_replicas},
                         {"joining", status.joining},
                         {"digests_compared", status.digests_compared},
                         {"digests_differed", status.digests_differed},
                         {"chunks_undecided", status.chunks_undecided}};
    for (const auto& [name, number] : named_counts(status.chunk_counts))
        value["chunk_states"][name] = number;
    value["recovery"] = json_of(status.recovery);
    value["queues"] = json_of(status.queues);
    value["metadata_servers"] = nlohmann::json::array();
    for (const MdsStatus& server : status.metadata_servers)
        value["metadata_servers"].push_back(json_of(server));
    value["chunk_servers"] = nlohmann::json::array();
    for (const CsStatus& server : status.chunk_servers)
        value["chunk_servers"].push_back(json_of(server));
    return value;
}

}  // namespace cairn::cli
