// stat: the state of the cluster once, as `top` would show it.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/cluster_connection.h"
#include "cli/print.h"
#include "cli/vstorage/commands.h"
#include "cli/vstorage/status_json.h"

namespace cairn::cli {

namespace {

struct Options {
    bool verbose = false;
    bool hardware_id = false;
};

struct CsCounts {
    size_t active = 0;
    size_t inactive = 0;
    size_t offline = 0;
};

CsCounts count(const ClusterStatusReply& status) {
    CsCounts counts;
    for (const CsStatus& server : status.chunk_servers) {
        counts.active += server.state == CsShownState::active;
        counts.inactive += server.state == CsShownState::inactive;
        counts.offline += server.state == CsShownState::offline;
    }
    return counts;
}

std::string tenths(uint64_t value) {
    return fmt::format("{}.{}", value / 10, value % 10);
}

// Since when is told once there were hot servers.
std::string queues_text(const QueueStatus& queues) {
    std::string text = fmt::format("IO QDEPTH: {} aver, {} max; {} out of {} hot CS balanced",
                                   tenths(queues.average_tenths), tenths(queues.maximum_tenths),
                                   queues.balanced, queues.hot);
    if (queues.hot == 0)
        return text;
    const int64_t since = queues.since.seconds();
    return text + (since < 120 ? fmt::format("      {} sec ago", since)
                               : fmt::format("      {} ago", uptime_text(queues.since)));
}

void print_header(const ClusterStatusReply& status, bool verbose) {
    fmt::print("Cluster '{}': {}\n", status.cluster_name, name_of(status.status));
    const bool room = status.allocatable > 0 || status.chunk_servers.empty();
    fmt::print("Space: [{}] allocatable {} of {}, free {} of {}\n", room ? "OK" : "FULL",
               size_text(status.allocatable), size_text(status.allocatable_total),
               size_text(status.free), size_text(status.total));
    size_t available = 0;
    for (const MdsStatus& server : status.metadata_servers)
        available += server.available;
    fmt::print("MDS nodes: {} of {}, epoch uptime: {}\n", available, status.metadata_servers.size(),
               uptime_text(status.epoch_uptime));
    const CsCounts counts = count(status);
    fmt::print("CS nodes: {} of {} ({} avail, {} inactive, {} offline)\n", counts.active,
               status.chunk_servers.size(), counts.active, counts.inactive, counts.offline);
    fmt::print("Replication: {} norm, {} limit\n", status.replicas_norm, status.replicas_min);
    if (status.chunks_undecided > 0)
        fmt::print("Scrub: [WARN] replicas of {} chunks differ, see get-event\n",
                   status.chunks_undecided);
    if (verbose)
        fmt::print("{}", chunks_text(status));
    fmt::print("IO:      read {:>7}/s ({:>2}ops/s), write {:>7}/s ({:>2}ops/s)\n",
               size_text(status.read_bytes_per_second), status.read_operations_per_second,
               size_text(status.write_bytes_per_second), status.write_operations_per_second);
    if (verbose)
        fmt::print("Repl IO: read {:>7}/s, write: {:>7}/s\n",
                   size_text(status.recovery.read_bytes_per_second),
                   size_text(status.recovery.write_bytes_per_second));
    fmt::print("{}\n", queues_text(status.queues));
    if (const std::string recovery = recovery_text(status); !recovery.empty())
        fmt::print("Recovery: {}\n", recovery);
}

std::string mds_state(const MdsStatus& server) {
    return server.available ? "avail" : "unavail";
}

void print_metadata_servers(const ClusterStatusReply& status) {
    std::vector<std::vector<std::string>> rows;
    for (const MdsStatus& server : status.metadata_servers) {
        const std::string host = server.host_name.empty()
                                     ? to_string(server.address)
                                     : fmt::format("{}:{}", server.host_name, server.address.port);
        rows.push_back(
            {fmt::format("{} {:>3}", server.master ? 'M' : ' ', server.mds.number),
             mds_state(server), tenths(server.commit_time_permille) + "%",
             fmt::format("{}/s", server.commits_per_second), tenths(server.cpu_permille) + "%",
             fmt::format("{}m", server.memory_bytes / mib), uptime_text(server.uptime), host});
    }
    print_table({"MDSID", "STATUS", ">%CTIME", ">COMMITS", ">%CPU", ">MEM", ">UPTIME", "HOST"},
                rows);
}

void print_chunk_servers(const ClusterStatusReply& status, bool verbose) {
    std::vector<std::string> names{"CSID",    "STATUS",  ">SPACE",     ">AVAIL",  ">REPLICAS",
                                   ">UNIQUE", ">IOWAIT", ">IOLAT(ms)", ">QDEPTH", "HOST"};
    if (verbose)
        names.insert(names.end(), {"FLAGS", "BUILD_VERSION", "REPOSITORY"});
    std::vector<std::vector<std::string>> rows;
    for (const CsStatus& server : status.chunk_servers) {
        const CsCounters& counters = server.counters;
        rows.push_back({fmt::format("{}", server.cs.number),
                        server.removal ? "dropped" : std::string(name_of(server.state)),
                        size_text(server.space.total), size_text(server.space.free),
                        fmt::format("{}", server.replicas), fmt::format("{}", server.unique),
                        fmt::format("{}%", counters.io_wait_percent),
                        fmt::format("{}/{}", counters.latency_average_us / 1000,
                                    counters.latency_maximum_us / 1000),
                        tenths(counters.queue_depth_tenths),
                        server.host_name.empty() ? server.address.host : server.host_name});
        if (verbose)
            rows.back().insert(rows.back().end(),
                               {flags_text(server.flags), server.build_version, server.repository});
    }
    print_table(names, rows);
}

Task<Result<void>> stat_on(ClusterConnection& cluster, Options options) {
    auto status =
        co_await cluster.master().call<ClusterStatusReply>(Method::get_status, GetStatusRequest{});
    if (!status)
        co_return status.error();
    if (cluster.context().json) {
        print_json(json_of(*status));
        co_return Result<void>();
    }
    print_header(*status, options.verbose);
    fmt::print("\n");
    print_metadata_servers(*status);
    fmt::print("\n");
    print_chunk_servers(*status, options.verbose);
    co_return Result<void>();
}

Task<Result<void>> stat(CommandContext context, Options options) {
    if (options.hardware_id)
        co_return Error(Code::not_supported,
                        "--license-hwid is not supported: this program needs no license");
    co_return co_await with_cluster(
        context, [options](ClusterConnection& cluster) { return stat_on(cluster, options); });
}

}  // namespace

void add_stat(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("stat", "Show the state of the cluster once");
    command->add_flag("-v", options->verbose, "Chunks by state, files, and more of each server");
    command->add_flag("--license-hwid", options->hardware_id)->group("");
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return stat(context, *options);
        };
    });
}

}  // namespace cairn::cli
