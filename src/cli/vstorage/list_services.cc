// list-services: the metadata and chunk servers that were made on this host.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/cluster_connection.h"
#include "cli/print.h"
#include "cli/services_file.h"
#include "cli/vstorage/commands.h"

namespace cairn::cli {

namespace {

struct Options {
    bool mds = false;
    bool cs = false;
};

std::string service_identifier(HostId host, const Service& service) {
    return fmt::format("host_{}.{}_{}", to_string(host),
                       service.kind == ServiceKind::mds ? "mds" : "cs", service.id);
}

Task<Result<std::vector<std::string>>> clusters_meant(CommandContext context) {
    rpc::ClusterFiles files(context.runtime, context.root);
    if (context.cluster.empty())
        co_return co_await files.list();
    CO_TRY(rpc::check_cluster_name(context.cluster));
    co_return std::vector<std::string>{context.cluster};
}

Task<Result<void>> list_services(CommandContext context, Options options) {
    const bool all = options.mds == options.cs;
    rpc::ClusterFiles files(context.runtime, context.root);
    Result<std::vector<std::string>> clusters = co_await clusters_meant(context);
    if (!clusters)
        co_return clusters.error();
    Result<HostId> host = co_await files.host_id();
    if (!host)
        co_return host.error();
    nlohmann::json list = nlohmann::json::array();
    std::vector<std::vector<std::string>> rows;
    for (const std::string& cluster : *clusters) {
        auto services = co_await load_services(context.runtime, files, cluster);
        if (!services)
            co_return services.error();
        for (const Service& service : *services) {
            const bool is_mds = service.kind == ServiceKind::mds;
            if (!all && is_mds != options.mds)
                continue;
            const std::string identifier = service_identifier(*host, service);
            rows.push_back({fmt::format("{}#{}", is_mds ? "MDS" : "CS", service.id), cluster,
                            service.repository, identifier});
            list.push_back({{"type", is_mds ? "mds" : "cs"},
                            {"id", service.id},
                            {"cluster", cluster},
                            {"repository", service.repository},
                            {"service", identifier}});
        }
    }
    if (context.json)
        print_json(list);
    else
        print_table({"ID", "CLUSTER", "REPOSITORY", "SERVICE"}, rows);
    co_return Result<void>();
}

}  // namespace

void add_list_services(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("list-services", "List the services of this host");
    command->add_flag("-M", options->mds, "Metadata servers only");
    command->add_flag("-C", options->cs, "Chunk servers only");
    command->footer("Those that were made here, whether or not they run.");
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return list_services(context, *options);
        };
    });
}

}  // namespace cairn::cli
