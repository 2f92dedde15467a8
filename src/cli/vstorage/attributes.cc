// get-attr and set-attr: how a file or directory of the cluster is stored.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/cluster_connection.h"
#include "cli/print.h"
#include "cli/vstorage/commands.h"
#include "cli/vstorage/storage_path.h"

namespace cairn::cli {

namespace {

struct Options {
    std::string path;
    std::vector<std::string> attributes;
    bool inside = false;
    bool recursive = false;
};

std::string_view name_of(FailureDomain domain) {
    return domain == FailureDomain::disk ? "disk" : "host";
}

Task<Result<NodeAttributes>> look_up(ClusterConnection& cluster, std::string path) {
    LookUpRequest request;
    request.path = path;
    auto reply = co_await cluster.master().call<NodeReply>(Method::look_up, std::move(request));
    if (!reply)
        co_return reply.error().with_context(path);
    co_return reply->node;
}

Task<Result<void>> get_on(ClusterConnection& cluster, std::string shown, std::string path) {
    Result<NodeAttributes> node = co_await look_up(cluster, path);
    if (!node)
        co_return node.error();
    const StorageAttributes& storage = node->storage;
    const std::string replicas = fmt::format("{}:{}", storage.replicas_norm, storage.replicas_min);
    if (cluster.context().json) {
        print_json({{"file", shown},
                    {"chunk-size", storage.chunk_size},
                    {"failure-domain", name_of(storage.failure_domain)},
                    {"replicas", replicas},
                    {"tier", storage.tier}});
        co_return Result<void>();
    }
    fmt::print("File: '{}'\nAttributes:\nchunk-size={}\nfailure-domain={}\nreplicas={}\ntier={}\n",
               shown, storage.chunk_size, name_of(storage.failure_domain), replicas, storage.tier);
    co_return Result<void>();
}

Task<Result<void>> set_on(ClusterConnection& cluster, std::string path,
                          SetAttributesRequest request) {
    Result<NodeAttributes> node = co_await look_up(cluster, path);
    if (!node)
        co_return node.error();
    request.file = node->file;
    auto reply = co_await cluster.master().change<EmptyReply>(Method::set_attributes, request);
    if (!reply)
        co_return reply.error().with_context(path);
    if (cluster.context().json)
        print_json({{"file", path}, {"set", true}});
    co_return Result<void>();
}

Task<Result<void>> get_attr(CommandContext context, Options options) {
    Result<StoragePath> place = co_await resolve_path(context, options.path, options.inside);
    if (!place)
        co_return place.error();
    context.cluster = place->cluster;
    co_return co_await with_cluster(
        context, [shown = options.path, path = place->path](ClusterConnection& cluster) {
            return get_on(cluster, shown, path);
        });
}

// "-p /failure-domain=disk", as the documents print it, means the path before the last slash.
void split_path(Options& options) {
    const size_t slash = options.path.rfind('/');
    if (!options.attributes.empty() || slash == std::string::npos ||
        options.path.find('=', slash) == std::string::npos)
        return;
    options.attributes.push_back(options.path.substr(slash + 1));
    options.path.resize(slash == 0 ? 1 : slash);
}

Task<Result<void>> set_attr(CommandContext context, Options options) {
    split_path(options);
    if (options.attributes.empty())
        co_return Error(Code::invalid_argument,
                        "nothing to set: give replicas=N[:M], failure-domain=disk|host or tier=N");
    SetAttributesRequest request;
    request.recursive = options.recursive;
    for (const std::string& attribute : options.attributes)
        CO_TRY(parse_attribute(attribute, request));
    Result<StoragePath> place = co_await resolve_path(context, options.path, options.inside);
    if (!place)
        co_return place.error();
    context.cluster = place->cluster;
    co_return co_await with_cluster(context,
                                    [path = place->path, request](ClusterConnection& cluster) {
                                        return set_on(cluster, path, request);
                                    });
}

}  // namespace

namespace {

const std::string path_help =
    "PATH begins with /vstorage/CLUSTER/, or, with -p, is one inside the cluster.";

}  // namespace

void add_attributes(CLI::App& app, Invocation& invocation) {
    auto get = std::make_shared<Options>();
    CLI::App* get_command =
        app.add_subcommand("get-attr", "Show how a file or directory is stored");
    get_command->add_flag("-p", get->inside, "PATH is one inside the cluster");
    get_command->add_option("PATH", get->path, "File or directory")->required();
    get_command->footer(path_help);
    get_command->callback([get, &invocation] {
        invocation.run = [get](CommandContext context) {
            return get_attr(context, *get);
        };
    });

    auto set = std::make_shared<Options>();
    CLI::App* set_command =
        app.add_subcommand("set-attr", "Change how a file or directory is stored");
    set_command->add_flag("-R", set->recursive, "And everything below it that exists");
    set_command->add_flag("-p", set->inside, "PATH is one inside the cluster");
    set_command->add_option("PATH", set->path, "File or directory")->required();
    set_command->add_option("ATTRIBUTE=VALUE", set->attributes,
                            "replicas=NORM[:MIN], failure-domain=disk|host, tier=0..3");
    set_command->footer(path_help +
                        "\n"
                        "replicas: how many copies there should be, and how few a write needs; MIN "
                        "is NORM/2+1 from\n"
                        "3 on and 1 below, if it is not given. failure-domain: copies lie on "
                        "different disks, or on\n"
                        "different hosts. What is made later inherits from its directory:\n"
                        "  vstorage set-attr -R -p / replicas=3 failure-domain=host");
    set_command->callback([set, &invocation] {
        invocation.run = [set](CommandContext context) {
            return set_attr(context, *set);
        };
    });
}

}  // namespace cairn::cli
