// rm-mds: takes a metadata server out of its cluster, and off the list of this host's services.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/cluster_connection.h"
#include "cli/print.h"
#include "cli/vstorage/commands.h"
#include "cli/vstorage/units.h"
#include "wire/mds_messages.h"

namespace cairn::cli {

namespace {

void print_removed(const CommandContext& context, const std::string& cluster, uint32_t id,
                   const std::optional<Service>& here) {
    if (context.json) {
        nlohmann::json result = {{"removed_mds", id}};
        if (here)
            result["repository"] = here->repository;
        print_json(result);
        return;
    }
    if (!here) {
        fmt::print(
            "MDS#{} is removed; where it was made, the same command takes it off the list "
            "of services\n",
            id);
        return;
    }
    fmt::print("MDS#{} is removed; its repository {} can be deleted\n", id, here->repository);
    if (context.root.empty())
        fmt::print("stop it with: systemctl stop {}; systemctl daemon-reload\n",
                   unit_name(cluster, *here));
}

Task<Result<void>> rm_mds_on(ClusterConnection& cluster, uint32_t id) {
    RemoveMdsRequest request;
    request.mds = MdsId(id);
    auto removed = co_await cluster.master().call<EmptyReply>(Method::remove_mds, request);
    if (!removed)
        co_return removed.error();
    Result<MetadataServers> servers = co_await ask_servers(cluster.master());
    if (servers) {
        rpc::ClusterFiles files(cluster.context().runtime, cluster.context().root);
        CO_TRY(co_await files.save_servers(cluster.access().name, servers->addresses));
    }
    auto here = co_await forget_service(cluster, ServiceKind::mds, id);
    if (!here)
        co_return here.error();
    print_removed(cluster.context(), cluster.access().name, id, *here);
    co_return Result<void>();
}

}  // namespace

void add_rm_mds(CLI::App& app, Invocation& invocation) {
    auto id = std::make_shared<uint32_t>(0);
    CLI::App* command = app.add_subcommand("rm-mds", "Remove a metadata server from its cluster");
    command->add_option("ID", *id, "Its number, as stat shows it")
        ->required()
        ->check(CLI::Range(1U, UINT32_MAX));
    command->footer(
        "It may be dead; of those that remain a majority must run. On the host where it was\n"
        "made its unit goes, too: if the command was given elsewhere, repeat it there.");
    command->callback([id, &invocation] {
        invocation.run = [id](CommandContext context) {
            return with_cluster(
                context, [id = *id](ClusterConnection& cluster) { return rm_mds_on(cluster, id); });
        };
    });
}

}  // namespace cairn::cli
