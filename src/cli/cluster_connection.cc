#include "cli/cluster_connection.h"

#include <algorithm>
#include <fmt/core.h>

namespace cairn::cli {

namespace {

constexpr Duration patience = seconds(10);

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

}  // namespace

Task<Result<std::string>> cluster_name(CommandContext context) {
    if (!context.cluster.empty()) {
        CO_TRY(rpc::check_cluster_name(context.cluster));
        co_return context.cluster;
    }
    rpc::ClusterFiles files(context.runtime, context.root);
    Result<std::vector<std::string>> names = co_await files.list();
    if (!names)
        co_return names.error();
    if (names->size() == 1)
        co_return names->front();
    if (names->empty())
        co_return Error(Code::not_found,
                        fmt::format("no cluster is known on this host ({}/etc/vstorage/clusters is "
                                    "empty): name one with -c, or make one with make-mds -I",
                                    context.root));
    co_return Error(Code::invalid_argument,
                    fmt::format("more than one cluster is known on this host: choose with -c one "
                                "of {}",
                                joined(*names)));
}

Task<Result<rpc::ClusterAccess>> cluster_access(CommandContext context) {
    Result<std::string> name = co_await cluster_name(context);
    if (!name)
        co_return name.error();
    rpc::ClusterFiles files(context.runtime, context.root);
    co_return co_await files.load(*name);
}

ClusterConnection::ClusterConnection(CommandContext context, rpc::ClusterAccess access)
    : context_(std::move(context)),
      access_(std::move(access)),
      links_(context_.runtime,
             {{access_.key.cluster, access_.name}, {Role::tool, 0, 0}, access_.key.key}),
      master_(context_.runtime, links_, access_.name, access_.servers, patience) {}

Task<void> ClusterConnection::close() {
    master_.stop();
    co_await links_.close();
}

Task<Result<MetadataServers>> ask_servers(rpc::MasterLink& master) {
    auto found = co_await master.call<FindMasterReply>(Method::find_master, FindMasterRequest{});
    if (!found)
        co_return found.error();
    MetadataServers servers;
    servers.answering = found->answering;
    for (const MdsInfo& server : found->servers)
        servers.addresses.push_back(server.peer_address);
    co_return servers;
}

Task<Result<void>> ClusterConnection::greet() {
    Result<MetadataServers> servers = co_await ask_servers(master_);
    if (!servers)
        co_return servers.error();
    if (context_.announce && !context_.json)
        fmt::print("connected to MDS#{}\n", servers->answering.number);
    std::vector<Address> known = access_.servers;
    std::sort(known.begin(), known.end());
    std::sort(servers->addresses.begin(), servers->addresses.end());
    if (known == servers->addresses || servers->addresses.empty())
        co_return Result<void>();
    // Only so that later commands find them; whoever may not write there does without.
    rpc::ClusterFiles files(context_.runtime, context_.root);
    Result<void> saved = co_await files.save_servers(access_.name, servers->addresses);
    if (saved)
        access_.servers = servers->addresses;
    co_return Result<void>();
}

Task<Result<std::unique_ptr<ClusterConnection>>> ClusterConnection::open(CommandContext context) {
    Result<rpc::ClusterAccess> access = co_await cluster_access(context);
    if (!access)
        co_return access.error();
    auto connection = std::make_unique<ClusterConnection>(context, std::move(*access));
    Result<void> greeted = co_await connection->greet();
    if (greeted)
        co_return connection;
    co_await connection->close();
    co_return greeted.error();
}

Task<Result<void>> with_cluster(CommandContext context, ClusterTask body) {
    auto connection = co_await ClusterConnection::open(std::move(context));
    if (!connection)
        co_return connection.error();
    Result<void> done = co_await body(**connection);
    co_await (*connection)->close();
    co_return done;
}

}  // namespace cairn::cli
