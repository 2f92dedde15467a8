// `csd`: one chunk server, in the foreground, until it is told to stop.
#include <CLI/CLI.hpp>

#include "chunk/server.h"
#include "cli/program.h"
#include "cli/services_file.h"
#include "daemon/daemon_options.h"
#include "daemon/environment.h"
#include "runtime/real/host.h"
#include "runtime/real/program.h"

namespace {

using namespace cairn;

// Of the machine's memory, for writes that are not in place yet. It is given back when they are.
constexpr uint64_t pending_memory_share = 32;

struct Options {
    DaemonOptions common;
    std::string address;  // empty: what make-cs was given, else that of the way to the cluster
};

// The address of this host from which metadata servers are reached. Waits for one that answers:
// after a power cut they all start at once.
Task<Result<Address>> address_towards(Runtime& runtime, std::vector<Address> servers, Event& stop) {
    bool told = false;
    while (true) {
        Error last(Code::unavailable, "no metadata server is known");
        for (const Address& server : servers) {
            auto stream = co_await runtime.network.connect(server.next_port(), seconds(2));
            if (stream)
                co_return Address{(*stream)->local().host, 0};
            last = stream.error();
        }
        if (!told)
            runtime.log.write(Severity::warning, "cs",
                              "waiting for a metadata server: " + last.message());
        told = true;
        const bool told_to_stop = co_await stop.wait_until(runtime.loop.now() + seconds(1));
        if (told_to_stop)
            co_return Error(Code::cancelled, "told to stop");
    }
}

// As it was chosen here, at make-cs, or not at all.
Task<Result<Address>> chosen_address(Runtime& runtime, const rpc::ClusterFiles& files,
                                     Options options) {
    if (!options.address.empty())
        co_return parse_address(options.address, 0);
    auto services = co_await cli::load_services(runtime, files, options.common.cluster);
    if (!services)
        co_return services.error();
    const std::string repository = repository_path(options.common);
    for (const cli::Service& service : *services) {
        if (service.repository == repository)
            co_return service.address;
    }
    co_return Address();
}

Task<void> tell_ready(chunk::ChunkServer& server, real::Program& program, Event& ended) {
    Runtime& runtime = program.runtime();
    while (server.address().is_none()) {
        const bool stop = co_await ended.wait_until(runtime.loop.now() + milliseconds(50));
        if (stop)
            co_return;
    }
    program.service_manager().ready();
}

Task<Result<void>> serve(real::Program& program, Options options) {
    Runtime& runtime = program.runtime();
    rpc::ClusterFiles files(runtime, cluster_root());
    Result<rpc::ClusterAccess> access = co_await files.load(options.common.cluster);
    if (!access)
        co_return access.error();
    Result<HostId> host = co_await files.host_id();
    if (!host)
        co_return host.error();
    Result<Address> listen = co_await chosen_address(runtime, files, options);
    if (listen && listen->is_none())
        listen = co_await address_towards(runtime, access->servers, program.stop());
    if (!listen)
        co_return program.stop().is_set() ? Result<void>() : listen.error();

    chunk::ServerOptions server_options;
    server_options.access = *access;
    server_options.files = &files;
    server_options.host = *host;
    server_options.store.path = repository_path(options.common);
    server_options.store.pending_bytes_top = real::memory_bytes() / pending_memory_share;
    server_options.listen = *listen;
    chunk::ChunkServer server(runtime, server_options);
    Event ended(runtime.loop);
    Scope scope(runtime.loop);
    scope.spawn(tell_ready(server, program, ended));
    Result<void> outcome = co_await server.run(program.stop());
    ended.set();
    co_await scope.join();
    co_return outcome;
}

Task<int> run(real::Program& program, Options options) {
    Result<void> outcome = co_await serve(program, std::move(options));
    co_return exit_code_of(program.runtime(), "cs", outcome);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("A chunk server of a Cairn cluster, in the foreground until it is told to stop",
                 "csd");
    cli::add_help_and_version(app);
    Options options;
    add_daemon_options(app, options.common);
    app.add_option("-a", options.address, "Where it serves, in place of what make-cs was told")
        ->type_name("IP[:PORT]");
    if (const std::optional<int> code = cli::parse(app, argc, argv))
        return *code;
    return real::run_program({},
                             [&options](real::Program& program) { return run(program, options); });
}
