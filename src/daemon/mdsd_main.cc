// `mdsd`: one metadata server, in the foreground, until it is told to stop.
#include <CLI/CLI.hpp>

#include "cli/program.h"
#include "daemon/daemon_options.h"
#include "daemon/environment.h"
#include "meta/node/mds_server.h"
#include "meta/requests/router.h"
#include "rpc/cluster_files.h"
#include "runtime/real/program.h"

namespace {

using namespace cairn;

Task<void> tell_ready(meta::MdsServer& server, real::Program& program, Event& ended) {
    Runtime& runtime = program.runtime();
    while (server.node() == nullptr) {
        const bool stop = co_await ended.wait_until(runtime.loop.now() + milliseconds(50));
        if (stop)
            co_return;
    }
    program.service_manager().ready();
}

Task<Result<void>> serve(real::Program& program, DaemonOptions options) {
    Runtime& runtime = program.runtime();
    rpc::ClusterFiles files(runtime, cluster_root());
    Result<rpc::ClusterAccess> access = co_await files.load(options.cluster);
    if (!access)
        co_return access.error();
    meta::MdsServerOptions server_options;
    server_options.directory = repository_path(options);
    server_options.key = access->key;
    const rpc::ClusterKey key = access->key.key;
    meta::MdsServer server(
        runtime, server_options, [&runtime, key](const meta::MdsIdentity& identity) {
            meta::MasterOptions master;
            master.seed = runtime.random.next();
            // Each life of this program is another instance to the chunk servers that it orders.
            const PeerIdentity self{Role::mds, identity.mds.number, runtime.random.next() | 1};
            return std::make_unique<meta::Router>(
                runtime, rpc::LinkIdentity{{identity.cluster, identity.cluster_name}, self, key},
                master);
        });
    Event ended(runtime.loop);
    Scope scope(runtime.loop);
    scope.spawn(tell_ready(server, program, ended));
    Result<void> outcome = co_await server.run(program.stop());
    ended.set();
    co_await scope.join();
    co_return outcome;
}

Task<int> run(real::Program& program, DaemonOptions options) {
    Result<void> outcome = co_await serve(program, std::move(options));
    co_return exit_code_of(program.runtime(), "mds", outcome);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("A metadata server of a Cairn cluster, in the foreground until it is told to stop",
                 "mdsd");
    cli::add_help_and_version(app);
    DaemonOptions options;
    add_daemon_options(app, options);
    if (const std::optional<int> code = cli::parse(app, argc, argv))
        return *code;
    return real::run_program({},
                             [&options](real::Program& program) { return run(program, options); });
}
