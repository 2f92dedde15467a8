// auth-node: makes this host one of the cluster's: it asks a metadata server how the key follows
// from the password, proves that the password is right, and keeps key and servers.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/cluster_connection.h"
#include "cli/print.h"
#include "cli/vstorage/commands.h"
#include "cli/vstorage/password.h"
#include "rpc/connection.h"

namespace cairn::cli {

namespace {

struct Options {
    std::vector<std::string> servers;
    bool password_from_input = false;
};

Result<std::vector<Address>> parse_servers(const std::vector<std::string>& texts) {
    std::vector<Address> servers;
    for (const std::string& text : texts) {
        Result<Address> address = parse_address(text, rpc::default_mds_port);
        if (!address)
            return address.error();
        servers.push_back(*address);
    }
    return servers;
}

Task<Result<rpc::Agreement>> prove_password(CommandContext context, Address server,
                                            std::string password) {
    rpc::ConnectOptions options;
    options.cluster.name = context.cluster;
    options.credentials = rpc::Password{.text = std::move(password)};
    // Deriving the key takes its time on a small machine.
    options.timeout = seconds(20);
    auto made = co_await rpc::Connection::connect(context.runtime, server.next_port(), options);
    if (!made)
        co_return made.error();
    rpc::Agreement agreement = (*made)->agreement();
    co_await (*made)->close();
    co_return agreement;
}

// The first server that answers decides; what it refuses, the others would refuse, too.
Task<Result<rpc::Agreement>> prove_to_any(CommandContext context, std::vector<Address> servers,
                                          std::string password) {
    Error last(Code::unavailable, "");
    for (const Address& server : servers) {
        Result<rpc::Agreement> agreement = co_await prove_password(context, server, password);
        if (agreement)
            co_return agreement;
        last = agreement.error().with_context(to_string(server));
        if (last.code() == Code::authentication_failed || last.code() == Code::wrong_cluster)
            break;
    }
    co_return last;
}

Error explained(const Error& error, const std::string& cluster) {
    if (error.code() == Code::authentication_failed)
        return {error.code(),
                fmt::format("wrong password for cluster '{}' ({}); nothing was changed here",
                            cluster, error.message())};
    return error;
}

Task<Result<std::vector<Address>>> servers_to_ask(CommandContext context, Options options) {
    Result<std::vector<Address>> servers = parse_servers(options.servers);
    if (!servers || !servers->empty())
        co_return servers;
    rpc::ClusterFiles files(context.runtime, context.root);
    servers = co_await files.load_servers(context.cluster);
    if (servers && servers->empty())
        co_return Error(Code::invalid_argument,
                        fmt::format("no metadata server of cluster '{}' is known here: name one "
                                    "with -b IP",
                                    context.cluster));
    co_return servers;
}

Task<Result<void>> auth_node(CommandContext context, Options options) {
    Result<std::string> name = co_await cluster_name(context);
    if (!name)
        co_return name.error();
    context.cluster = *name;
    Result<std::vector<Address>> servers = co_await servers_to_ask(context, options);
    if (!servers)
        co_return servers.error();
    Result<std::string> password = get_password(
        options.password_from_input ? PasswordSource::standard_input : PasswordSource::terminal,
        false);
    if (!password)
        co_return password.error();
    auto agreement = co_await prove_to_any(context, *servers, *password);
    rpc::wipe(std::as_writable_bytes(std::span(*password)));
    if (!agreement)
        co_return explained(agreement.error(), context.cluster);

    rpc::ClusterFiles files(context.runtime, context.root);
    Result<HostId> host = co_await files.host_id();
    if (!host)
        co_return host.error();
    CO_TRY(co_await files.save_servers(context.cluster, *servers));
    const rpc::KeyFile key{agreement->cluster.id, agreement->derivation, agreement->cluster_key};
    CO_TRY(co_await files.save_key(context.cluster, key));
    if (context.json) {
        print_json({{"cluster", context.cluster},
                    {"cluster_id", to_string(agreement->cluster.id)},
                    {"host_id", to_string(*host)}});
    }
    // The other servers are learned now, or by the first command that finds the master.
    if (!context.json) {
        Result<void> learned = co_await with_cluster(context, [](ClusterConnection&) {
            return []() -> Task<Result<void>> {
                co_return Result<void>();
            }();
        });
        if (!learned)
            print_warning(learned.error().message());
        fmt::print("this host is authenticated in cluster '{}'\n", context.cluster);
    }
    co_return Result<void>();
}

}  // namespace

void add_auth_node(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("auth-node", "Authenticate this host in a cluster");
    command->add_option("-b", options->servers, "A metadata server, where none is known here")
        ->type_name("IP[:PORT]");
    command->add_flag("-P", options->password_from_input, "Read the password from standard input");
    command->footer(
        "Asks for the cluster's password and keeps the cluster's key here, which every\n"
        "command, server and client of this host then uses:\n"
        "  vstorage -c stor1 auth-node -b 10.0.0.1");
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return auth_node(context, *options);
        };
    });
}

}  // namespace cairn::cli
