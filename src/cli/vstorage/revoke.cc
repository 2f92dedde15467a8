// revoke: takes all leases of a host or client away.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/cluster_connection.h"
#include "cli/print.h"
#include "cli/vstorage/commands.h"

namespace cairn::cli {

namespace {

Task<Result<void>> revoke_on(ClusterConnection& cluster, std::string host) {
    RevokeRequest request;
    request.host = host;
    auto reply = co_await cluster.master().call<RevokeReply>(Method::revoke, request);
    if (!reply)
        co_return reply.error();
    if (cluster.context().json)
        print_json({{"clients", reply->clients}, {"leases", reply->leases_ended}});
    else
        fmt::print("{} leases of {} clients are ended\n", reply->leases_ended, reply->clients);
    co_return Result<void>();
}

}  // namespace

void add_revoke(CLI::App& app, Invocation& invocation) {
    auto host = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("revoke", "Take all leases of a host away");
    command->add_option("HOST", *host, "Name or address of a host, or number of a client")
        ->required();
    command->footer(
        "Others may open its files at once. What it still has open fails until it is\n"
        "opened anew; what it had not flushed may be lost.");
    command->callback([host, &invocation] {
        invocation.run = [host](CommandContext context) {
            return with_cluster(context, [host = *host](ClusterConnection& cluster) {
                return revoke_on(cluster, host);
            });
        };
    });
}

}  // namespace cairn::cli
