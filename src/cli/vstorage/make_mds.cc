// make-mds: a metadata server on this host, the first of which makes the cluster.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/cluster_connection.h"
#include "cli/print.h"
#include "cli/vstorage/commands.h"
#include "cli/vstorage/password.h"
#include "cli/vstorage/repository.h"
#include "cli/vstorage/units.h"
#include "meta/node/make_repository.h"
#include "wire/mds_messages.h"

namespace cairn::cli {

namespace {

struct Options {
    bool first = false;
    std::string address;
    std::string repository;
    bool password_from_terminal = false;
    bool password_from_input = false;
    std::vector<std::string> servers;
};

Result<Address> server_address(const std::string& text) {
    Result<Address> address = parse_address(text, rpc::default_mds_port);
    if (!address)
        return address;
    if (address->is_unix() || address->port == 0 || address->port == UINT16_MAX)
        return Error(Code::invalid_argument,
                     fmt::format("{}: a metadata server takes an IP address and two ports, this "
                                 "one and the next",
                                 text));
    return address;
}

// Before anything is made or asked for.
Task<Result<Address>> check_place(CommandContext context, Options options, std::string path,
                                  std::string cluster) {
    Result<Address> address = server_address(options.address);
    if (!address)
        co_return address.error();
    CO_TRY(check_free_address(context, *address));
    CO_TRY(check_free_address(context, address->next_port()));
    CO_TRY(co_await meta::check_repository_place(context.runtime, path, cluster));
    co_return *address;
}

Task<Result<void>> make(CommandContext context, std::string path, meta::MdsIdentity identity,
                        bool first) {
    meta::NewRepository repository;
    repository.directory = path;
    repository.identity = std::move(identity);
    repository.first = first;
    repository.warn = print_warning;
    co_return co_await meta::make_repository(context.runtime, std::move(repository));
}

Task<Result<void>> register_made(CommandContext context, meta::MdsIdentity identity,
                                 std::string path) {
    rpc::ClusterFiles files(context.runtime, context.root);
    const Service service{ServiceKind::mds, identity.mds.number, path, identity.peer_address};
    CO_TRY(co_await add_service(context.runtime, files, identity.cluster_name, service));
    CO_TRY(co_await install_unit(context, identity.cluster_name, service));
    if (context.json) {
        print_json({{"mds", service.id},
                    {"repository", path},
                    {"cluster", identity.cluster_name},
                    {"cluster_id", to_string(identity.cluster)},
                    {"address", to_string(identity.peer_address)}});
        co_return Result<void>();
    }
    fmt::print("MDS#{} of cluster '{}' is made in {}\n{}\n", service.id, identity.cluster_name,
               path, start_hint(context, "mds", identity.cluster_name, path));
    co_return Result<void>();
}

Result<std::string> first_password(const Options& options) {
    if (!options.password_from_terminal && !options.password_from_input)
        return Error(Code::invalid_argument,
                     "a new cluster needs a password: -p asks for it, -P reads it from standard "
                     "input");
    return get_password(
        options.password_from_input ? PasswordSource::standard_input : PasswordSource::terminal,
        true);
}

Result<rpc::KeyFile> new_key(Runtime& runtime, const std::string& password) {
    rpc::KeyFile key;
    runtime.random.fill(std::as_writable_bytes(std::span(key.cluster.bytes)));
    // Marked as a random UUID.
    key.cluster.bytes[6] = static_cast<uint8_t>((key.cluster.bytes[6] & 0x0f) | 0x40);
    key.cluster.bytes[8] = static_cast<uint8_t>((key.cluster.bytes[8] & 0x3f) | 0x80);
    runtime.random.fill(key.derivation.salt);
    key.derivation.operations = rpc::default_operations;
    key.derivation.memory_kib = rpc::default_memory_kib;
    Result<rpc::ClusterKey> derived = rpc::derive_key(password, key.derivation);
    if (!derived)
        return derived.error();
    key.key = *derived;
    return key;
}

Task<Result<void>> make_first(CommandContext context, Options options, std::string path) {
    if (context.cluster.empty())
        co_return Error(Code::invalid_argument, "name the new cluster: -c NAME");
    CO_TRY(rpc::check_cluster_name(context.cluster));
    rpc::ClusterFiles files(context.runtime, context.root);
    Result<rpc::ClusterAccess> known = co_await files.load(context.cluster);
    if (known || known.code() != Code::not_found)
        co_return Error(Code::already_exists,
                        fmt::format("this host knows a cluster '{}' already: choose another name; "
                                    "or, if that cluster is no more, remove {}",
                                    context.cluster, files.cluster_directory(context.cluster)));
    Result<Address> address = co_await check_place(context, options, path, context.cluster);
    if (!address)
        co_return address.error();
    Result<std::string> password = first_password(options);
    if (!password)
        co_return password.error();
    Result<rpc::KeyFile> key = new_key(context.runtime, *password);
    rpc::wipe(std::as_writable_bytes(std::span(*password)));
    if (!key)
        co_return key.error();
    Result<HostId> host = co_await files.host_id();
    if (!host)
        co_return host.error();
    const meta::MdsIdentity identity{key->cluster, context.cluster, MdsId(1), *address};
    CO_TRY(co_await make(context, path, identity, true));
    CO_TRY(co_await files.save_servers(context.cluster, {*address}));
    CO_TRY(co_await files.save_key(context.cluster, *key));
    co_return co_await register_made(context, identity, path);
}

// Clients and firewalls expect the same ports everywhere.
Task<void> warn_of_ports(ClusterConnection& cluster, Address address) {
    Result<MetadataServers> servers = co_await ask_servers(cluster.master());
    if (!servers)
        co_return;
    const auto other = std::ranges::find_if(
        servers->addresses, [&](const Address& known) { return known.port != address.port; });
    if (other != servers->addresses.end())
        print_warning(fmt::format(
            "the ports must be the same on all MDS servers of a cluster: this one has {} and {}, "
            "the one at {} has {} and {}",
            address.port, address.next_port().port, other->host, other->port,
            other->next_port().port));
}

Task<Result<void>> make_further_on(ClusterConnection& cluster, std::string path, Address address) {
    co_await warn_of_ports(cluster, address);
    AddMdsRequest request;
    request.peer_address = address;
    auto added = co_await cluster.master().call<AddMdsReply>(Method::add_mds, request);
    if (!added)
        co_return added.error();
    const meta::MdsIdentity identity{added->cluster, added->cluster_name, added->mds, address};
    CO_TRY(co_await make(cluster.context(), path, identity, false));
    co_return co_await register_made(cluster.context(), identity, path);
}

Task<Result<void>> add_known_servers(CommandContext context, std::vector<std::string> texts) {
    rpc::ClusterFiles files(context.runtime, context.root);
    Result<std::vector<Address>> known = co_await files.load_servers(context.cluster);
    if (!known)
        co_return known.error();
    for (const std::string& text : texts) {
        Result<Address> address = server_address(text);
        if (!address)
            co_return address.error();
        if (std::find(known->begin(), known->end(), *address) == known->end())
            known->push_back(*address);
    }
    co_return co_await files.save_servers(context.cluster, *known);
}

Task<Result<void>> make_further(CommandContext context, Options options, std::string path) {
    Result<std::string> name = co_await cluster_name(context);
    if (!name)
        co_return name.error();
    context.cluster = *name;
    Result<Address> address = co_await check_place(context, options, path, *name);
    if (!address)
        co_return address.error();
    if (!options.servers.empty())
        CO_TRY(co_await add_known_servers(context, options.servers));
    co_return co_await with_cluster(context,
                                    [path, address = *address](ClusterConnection& cluster) {
                                        return make_further_on(cluster, path, address);
                                    });
}

Task<Result<void>> make_mds(CommandContext context, Options options) {
    const std::string path = absolute_path(context, options.repository);
    if (options.first)
        co_return co_await make_first(context, options, path);
    co_return co_await make_further(context, options, path);
}

}  // namespace

void add_make_mds(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("make-mds", "Make a metadata server on this host");
    command->add_flag("-I", options->first, "The first one, and with it a new cluster");
    command->add_option("-a", options->address, "Where it serves; it takes the next port, too")
        ->type_name("IP[:PORT]")
        ->required();
    command->add_option("-r", options->repository, "Its repository: an empty or new directory")
        ->type_name("DIR")
        ->required();
    command->add_flag("-p", options->password_from_terminal, "Ask for the new cluster's password");
    command->add_flag("-P", options->password_from_input, "Read it from standard input");
    command
        ->add_option("-b", options->servers,
                     "A metadata server of the cluster, where none that runs is known here")
        ->type_name("IP[:PORT]");
    command->footer(
        "The first one makes the cluster; the others join it, on hosts that auth-node has made\n"
        "its own. Three or five, on hosts of their own, survive the loss of one or two:\n"
        "  vstorage -c stor1 make-mds -I -a 10.0.0.1 -r /vstorage/disk1/mds -p\n"
        "  vstorage make-mds -a 10.0.0.2 -r /vstorage/disk1/mds");
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return make_mds(context, *options);
        };
    });
}

}  // namespace cairn::cli
