// configure-mds: new addresses of all metadata servers, for the repository of one on this host that
// is stopped.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/print.h"
#include "cli/services_file.h"
#include "cli/vstorage/commands.h"
#include "cli/vstorage/repository.h"
#include "meta/node/configure_addresses.h"
#include "rpc/cluster_files.h"

namespace cairn::cli {

namespace {

struct Options {
    std::string repository;
    std::vector<std::string> servers;
};

Result<meta::NewAddress> parse_server(const std::string& text) {
    const size_t at = text.find('@');
    uint32_t number = 0;
    const char* end = text.data() + std::min(at, text.size());
    const auto [stop, problem] = std::from_chars(text.data(), end, number);
    if (at == std::string::npos || problem != std::errc() || stop != end || number == 0)
        return Error(Code::invalid_argument,
                     fmt::format("'{}' is not ID@IP[:PORT]: give the number of a metadata server, "
                                 "as list-services -M shows it, and its new address",
                                 text));
    Result<Address> address = parse_address(text.substr(at + 1), rpc::default_mds_port);
    if (!address)
        return address.error();
    return meta::NewAddress{MdsId(number), std::move(*address)};
}

// What this host knows beside the repository, so that everybody here finds the moved servers.
Task<Result<void>> note_on_host(CommandContext context, std::string path,
                                meta::ConfiguredAddresses configured) {
    rpc::ClusterFiles files(context.runtime, context.root);
    const meta::MdsIdentity& identity = configured.identity;
    std::vector<Address> addresses;
    addresses.reserve(configured.plan.servers.size());
    for (const logged::MovedMds& server : configured.plan.servers)
        addresses.push_back(server.address);
    CO_TRY(co_await files.save_servers(identity.cluster_name, std::move(addresses)));
    const Service service{ServiceKind::mds, identity.mds.number, path, identity.peer_address};
    co_return co_await add_service(context.runtime, files, identity.cluster_name, service);
}

void print_configured(const CommandContext& context, const std::string& path,
                      const meta::ConfiguredAddresses& configured) {
    const meta::MdsIdentity& identity = configured.identity;
    if (context.json) {
        nlohmann::json servers = nlohmann::json::array();
        for (const logged::MovedMds& server : configured.plan.servers)
            servers.push_back({{"mds", server.mds.number}, {"address", to_string(server.address)}});
        print_json({{"mds", identity.mds.number},
                    {"repository", path},
                    {"cluster", identity.cluster_name},
                    {"address", to_string(identity.peer_address)},
                    {"metadata_servers", servers}});
        return;
    }
    for (const logged::MovedMds& server : configured.plan.servers)
        fmt::print("MDS#{} is at {} from the next start on\n", server.mds.number,
                   to_string(server.address));
    fmt::print("give the repositories of the others the same addresses before you start them\n{}\n",
               start_hint(context, "mds", identity.cluster_name, path));
}

Task<Result<void>> configure_mds(CommandContext context, Options options) {
    const std::string path = absolute_path(context, options.repository);
    std::vector<meta::NewAddress> addresses;
    for (const std::string& text : options.servers) {
        Result<meta::NewAddress> server = parse_server(text);
        if (!server)
            co_return server.error();
        addresses.push_back(std::move(*server));
    }
    auto configured = co_await meta::configure_addresses(context.runtime, path, context.cluster,
                                                         std::move(addresses));
    if (!configured)
        co_return configured.error();
    CO_TRY(co_await note_on_host(context, path, *configured));
    print_configured(context, path, *configured);
    co_return Result<void>();
}

}  // namespace

void add_configure_mds(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "configure-mds", "Give new addresses of all metadata servers to one that is stopped");
    command->add_option("-r", options->repository, "The repository of a metadata server")
        ->type_name("DIR")
        ->required();
    command
        ->add_option("-n", options->servers,
                     "The new address of a metadata server; give one for each of them")
        ->type_name("ID@IP[:PORT]")
        ->required();
    command->footer(
        "Moves a cluster to another network. Stop the metadata servers, run this with the same\n"
        "addresses on each of their hosts, start them. Back their repositories up before:\n"
        "  systemctl stop vstorage-mdsd.target\n"
        "  vstorage -c stor1 configure-mds -r /vstorage/disk1/mds -n 1@10.10.20.1 \\\n"
        "      -n 2@10.10.20.2 -n 3@10.10.20.3\n"
        "  systemctl start vstorage-mdsd.target");
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return configure_mds(context, *options);
        };
    });
}

}  // namespace cairn::cli
