#include "cli/nbd_serve.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "block/file_device.h"
#include "cli/client_session.h"
#include "cli/print.h"
#include "file/cluster_device.h"
#include "front/nbd/server.h"

namespace cairn::cli {

namespace {

constexpr Duration time_to_stop = seconds(8);

using Devices = std::vector<std::unique_ptr<block::BlockDevice>>;

// "/vms/disk" is asked for as "vms/disk": the slash that a URI puts before the name is not part of
// it.
std::string export_name(const std::string& path) {
    const size_t start = path.find_first_not_of('/');
    return start == std::string::npos ? path : path.substr(start);
}

Error explain(const Error& error, const NbdServeOptions& options) {
    if (!options.read_only &&
        (error.code() == Code::permission_denied || error.code() == Code::read_only)) {
        return {error.code(), error.message() + "; --read-only serves what may not be written"};
    }
    return error;
}

// Tells of the first that failed by the name that the user knows.
Task<Result<void>> close_devices(Devices& devices, const std::vector<std::string>& paths) {
    Result<void> result;
    for (size_t i = 0; i < devices.size(); i++) {
        Result<void> closed = co_await devices[i]->close();
        if (!closed && result)
            result = closed.error().with_context("closing " + paths[i]);
    }
    co_return result;
}

Task<Result<Devices>> open_cluster_devices(client::Client& client, NbdServeOptions options) {
    Devices devices;
    for (const std::string& path : options.paths) {
        auto device = co_await file::ClusterDevice::open(client, path, options.read_only);
        if (!device) {
            static_cast<void>(co_await close_devices(devices, options.paths));
            co_return device.error();
        }
        devices.push_back(std::move(device).value());
    }
    co_return devices;
}

Task<Result<Devices>> open_local_devices(const CommandContext& context,
                                         const NbdServeOptions& options) {
    Devices devices;
    for (const std::string& path : options.paths) {
        Result<std::unique_ptr<block::FileDevice>> device = co_await block::FileDevice::open(
            context.runtime, absolute_path(context, path), {.read_only = options.read_only});
        if (!device)
            co_return explain(device.error(), options);
        devices.push_back(std::move(device).value());
    }
    co_return devices;
}

Result<std::vector<nbd::Export>> make_exports(const NbdServeOptions& options,
                                              const Devices& devices) {
    std::vector<nbd::Export> exports;
    for (size_t i = 0; i < devices.size(); i++) {
        const std::string name = export_name(options.paths[i]);
        for (const nbd::Export& other : exports) {
            if (other.name == name)
                return Error(Code::invalid_argument, "'" + name + "' is given twice");
        }
        exports.push_back({.name = name,
                           .description = {},
                           .device = devices[i].get(),
                           .read_only = options.read_only});
    }
    return exports;
}

using Listeners = std::vector<std::unique_ptr<Listener>>;

Result<Listeners> open_listeners(const CommandContext& context, const NbdServeOptions& options) {
    std::vector<Address> addresses;
    if (!options.unix_socket.empty())
        addresses.push_back({absolute_path(context, options.unix_socket), 0});
    if (options.port || options.unix_socket.empty())
        addresses.push_back({options.address, options.port.value_or(nbd_default_port)});
    Listeners listeners;
    for (const Address& address : addresses) {
        Result<std::unique_ptr<Listener>> listener = context.runtime.network.listen(address);
        if (!listener)
            return listener.error();
        listeners.push_back(std::move(listener).value());
    }
    return listeners;
}

void print_ready(const Listeners& listeners, const nbd::Server& server, bool as_json) {
    nlohmann::json list = nlohmann::json::array();
    for (const std::unique_ptr<Listener>& listener : listeners) {
        for (const nbd::Export& exported : server.exports()) {
            const std::string uri = nbd::uri_of(listener->address(), exported.name);
            if (as_json)
                list.push_back({{"export", exported.name}, {"uri", uri}});
            else
                fmt::print("{}\n", uri);
        }
    }
    if (as_json)
        print_json({{"ready", true}, {"exports", list}});
    else
        fmt::print("ready\n");
    std::fflush(stdout);
}

Task<void> serve_one(nbd::Server& server, Listener& listener, Event& stop, Result<void>& result) {
    Result<void> served = co_await server.serve(listener, stop);
    if (!served && result)
        result = served;
}

Task<Result<void>> serve_all(CommandContext context, nbd::Server& server, Listeners& listeners) {
    Scope scope(context.runtime.loop);
    Result<void> result;
    for (const std::unique_ptr<Listener>& listener : listeners)
        scope.spawn(serve_one(server, *listener, context.stop, result));
    print_ready(listeners, server, context.json);
    co_await scope.join();
    co_return result;
}

Task<Result<void>> run_server(CommandContext context, const NbdServeOptions& options,
                              Devices& devices, Listeners& listeners) {
    Result<std::vector<nbd::Export>> exports = make_exports(options, devices);
    if (!exports)
        co_return exports.error();
    nbd::Server server(context.runtime, std::move(exports).value());
    co_return co_await serve_all(context, server, listeners);
}

Task<Result<void>> run_with(CommandContext context, NbdServeOptions options, client::Client* client,
                            Listeners& listeners) {
    Result<Devices> devices = client == nullptr ? co_await open_local_devices(context, options)
                                                : co_await open_cluster_devices(*client, options);
    if (!devices)
        co_return devices.error();
    Result<void> served = co_await run_server(context, options, *devices, listeners);
    Result<void> closed = co_await close_devices(*devices, options.paths);
    co_return closed ? served : closed;
}

// A cluster that is away must not keep this program from ending.
Task<void> end_in_time(CommandContext context, client::Client& client, Event& ended) {
    co_await context.stop.wait();
    const bool in_time = co_await ended.wait_until(context.runtime.loop.now() + time_to_stop);
    if (!in_time)
        client.abandon(
            fmt::format("this program was told to stop, and for {} s the cluster did "
                        "not take what was left to write",
                        time_to_stop.seconds()));
}

// The listeners come first: where another server has them, that one's files stay its own.
Task<Result<void>> run(CommandContext context, NbdServeOptions options) {
    Result<Listeners> listeners = open_listeners(context, options);
    if (!listeners)
        co_return listeners.error();
    if (context.cluster.empty())
        co_return co_await run_with(context, options, nullptr, *listeners);
    // Under this name a server that was killed is known again, and takes over from itself.
    const std::string name = "nbd " + to_string(listeners->front()->address());
    rpc::ClusterFiles files(context.runtime, context.root);
    auto client = co_await start_client(context, {.name = name, .wait_for_ever = true});
    if (!client)
        co_return client.error();
    (*client)->master().follow(files);
    Event ended(context.runtime.loop);
    Scope ending(context.runtime.loop);
    ending.spawn(end_in_time(context, **client, ended));
    Result<void> served = co_await run_with(context, options, client->get(), *listeners);
    context.stop.set();
    co_await (*client)->stop();
    ended.set();
    co_await ending.join();
    co_return served;
}

}  // namespace

void add_nbd_serve(CLI::App& nbd, Invocation& invocation) {
    auto options = std::make_shared<NbdServeOptions>();
    CLI::App* serve = nbd.add_subcommand("serve", "Export disks to NBD clients");
    serve
        ->add_option("PATH", options->paths,
                     "Files to export, with -c those of a cluster; the first is the default export")
        ->required();
    serve->add_option("--unix", options->unix_socket, "Listen on this Unix socket")
        ->type_name("SOCKET");
    serve
        ->add_option("--port", options->port,
                     "Listen on this TCP port, 0 for a free one (10809 without --unix)")
        ->type_name("PORT");
    serve->add_option("--address", options->address, "Address of the port")
        ->type_name("IP")
        ->capture_default_str()
        ->check([](const std::string& text) {
            const Result<Address> address = parse_address(text, 0);
            return address ? std::string() : address.error().message();
        });
    serve->add_flag("--read-only", options->read_only, "Refuse every change");
    serve->footer(
        "Prints a URI for each export, then \"ready\", and serves until it is told to stop:\n"
        "  cairn nbd serve -c stor1 /disks/vm1 --unix /run/vm1.sock\n"
        "Without -c the paths are files or devices of this host.");
    serve->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return run(context, *options);
        };
    });
}

}  // namespace cairn::cli
