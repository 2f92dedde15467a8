#include "cli/client_session.h"

#include <fmt/core.h>

#include "cli/cluster_connection.h"

namespace cairn::cli {

namespace {

constexpr Duration patience = seconds(10);
constexpr Duration lease_of_command = seconds(10);

Task<Result<std::unique_ptr<client::Client>>> make_client(CommandContext context,
                                                          ClientNeeds needs) {
    Result<rpc::ClusterAccess> access = co_await cluster_access(context);
    if (!access)
        co_return access.error();
    rpc::ClusterFiles files(context.runtime, context.root);
    Result<HostId> host = co_await files.host_id();
    if (!host)
        co_return host.error();
    client::ClientOptions options;
    options.access = std::move(*access);
    options.host = *host;
    options.name = needs.name.empty() ? fmt::format("cairn {:016x}", context.runtime.random.next())
                                      : needs.name;
    options.patience = needs.wait_for_ever ? Duration{0} : patience;
    options.lease_timeout = needs.wait_for_ever ? Duration{0} : lease_of_command;
    co_return std::make_unique<client::Client>(context.runtime, std::move(options));
}

Task<Result<void>> do_nothing() {
    co_return Result<void>();
}

}  // namespace

Task<Result<std::unique_ptr<client::Client>>> start_client(CommandContext context,
                                                           ClientNeeds needs) {
    // Whoever waits for ever should know that there is something to wait for.
    if (needs.wait_for_ever)
        CO_TRY(co_await with_cluster(context, [](ClusterConnection&) { return do_nothing(); }));
    auto client = co_await make_client(context, std::move(needs));
    if (!client)
        co_return client.error();
    Result<void> started = co_await (*client)->start();
    if (started)
        co_return client;
    co_await (*client)->stop();
    co_return started.error();
}

Task<Result<void>> with_client(CommandContext context, ClientTask body) {
    auto client = co_await start_client(context, {});
    if (!client)
        co_return client.error();
    Result<void> done = co_await body(**client);
    co_await (*client)->stop();
    co_return done;
}

Task<Result<void>> with_tree(CommandContext context, ClientTask body) {
    auto client = co_await make_client(context, {});
    if (!client)
        co_return client.error();
    Result<void> done = co_await body(**client);
    co_await (*client)->stop();
    co_return done;
}

}  // namespace cairn::cli
