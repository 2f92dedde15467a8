// make-cs: makes the repository of a new chunk server, whose number the cluster gives.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "chunk/store.h"
#include "cli/cluster_connection.h"
#include "cli/print.h"
#include "cli/services_file.h"
#include "cli/vstorage/commands.h"
#include "cli/vstorage/repository.h"
#include "cli/vstorage/units.h"
#include "runtime/real/partition.h"
#include "wire/cs_messages.h"

namespace cairn::cli {

namespace {

constexpr uint64_t journal_size_default = 256 * mib;
constexpr uint64_t journal_size_min = 16 * mib;

struct Options {
    std::string repository;
    std::string address;
    uint32_t tier = 0;
    bool no_checksums = false;
    // Of the documents, for a journal on another disk.
    std::string journal;
    std::string journal_size;
    std::string journal_mode;
};

Result<void> check_options(const Options& options) {
    if (!options.journal.empty() || !options.journal_size.empty() || !options.journal_mode.empty())
        return Error(Code::not_supported,
                     "-j, -s and -T, for a write journal on another disk, are not supported yet: "
                     "leave them out, and the journal lies in the repository");
    return {};
}

void warn_of_alignment(const std::string& directory) {
    const std::optional<uint64_t> start = real::partition_start(directory);
    if (start && *start % block_size != 0)
        print_warning(
            fmt::format("the file system of {} begins at byte {} of its disk, which is "
                        "not on a 4 KB boundary: writes will be slow",
                        directory, *start));
}

// Smaller on a small disk, of which a journal should be but a small part.
uint64_t journal_size_for(CommandContext& context, const std::string& directory) {
    const Result<DiskSpace> space = context.runtime.disk.space(directory);
    if (!space)
        return journal_size_default;
    return std::clamp(align_down(space->free / 64, mib), journal_size_min, journal_size_default);
}

Task<Result<Service>> make_on(ClusterConnection& cluster, Options options, std::string path,
                              HostId host) {
    CommandContext context = cluster.context();
    MakeCsRequest request;
    request.host = host;
    request.host_name = context.runtime.host.name();
    request.repository = path;
    request.tier = static_cast<uint8_t>(options.tier);
    auto made = co_await cluster.master().call_once<MakeCsReply>(Method::make_cs, request);
    if (!made)
        co_return made.error();
    chunk::Identity identity;
    identity.cluster = made->cluster;
    identity.cs = made->cs;
    identity.tier = request.tier;
    identity.no_verify = options.no_checksums;
    CO_TRY(co_await chunk::ChunkStore::create(context.runtime, path, identity,
                                              journal_size_for(context, path)));
    Service service{ServiceKind::cs, made->cs.number, path, Address()};
    if (!options.address.empty())
        service.address = *parse_address(options.address, 0);
    co_return service;
}

void print_made(const CommandContext& context, const std::string& cluster, HostId host,
                const Service& service) {
    if (context.json) {
        print_json({{"cs", service.id},
                    {"repository", service.repository},
                    {"cluster", cluster},
                    {"host_id", to_string(host)}});
        return;
    }
    fmt::print("CS#{} of cluster '{}' is made in {}\n{}\n", service.id, cluster, service.repository,
               start_hint(context, "cs", cluster, service.repository));
}

Task<Result<void>> make_cs_in(ClusterConnection& cluster, Options options, std::string path) {
    CommandContext context = cluster.context();
    const std::string name = cluster.access().name;
    rpc::ClusterFiles files(context.runtime, context.root);
    Result<HostId> host = co_await files.host_id();
    if (!host)
        co_return host.error();
    CO_TRY(co_await context.runtime.disk.make_directories(path));
    warn_of_alignment(path);
    Result<Service> service = co_await make_on(cluster, options, path, *host);
    if (!service)
        co_return service.error();
    CO_TRY(co_await add_service(context.runtime, files, name, *service));
    CO_TRY(co_await install_unit(context, name, *service));
    print_made(context, name, *host, *service);
    co_return Result<void>();
}

Task<Result<void>> make_cs(CommandContext context, Options options) {
    CO_TRY(check_options(options));
    if (!options.address.empty()) {
        Result<Address> address = parse_address(options.address, 0);
        if (!address)
            co_return address.error();
        CO_TRY(check_free_address(context, *address));
    }
    const std::string path = absolute_path(context, options.repository);
    CO_TRY(co_await check_new_directory(context, path));
    co_return co_await with_cluster(context, [options, path](ClusterConnection& cluster) {
        return make_cs_in(cluster, options, path);
    });
}

}  // namespace

void add_make_cs(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("make-cs", "Make a chunk server on this host");
    command->add_option("-r", options->repository, "Its repository: one directory on one disk")
        ->type_name("DIR")
        ->required();
    command
        ->add_option("-a", options->address,
                     "Where it serves (the address of its connection to the metadata server, any "
                     "free port)")
        ->type_name("IP[:PORT]");
    command->add_option("-t", options->tier, "Storage tier, 0 to 3: higher is faster")
        ->type_name("TIER")
        ->capture_default_str()
        ->check(CLI::Range(0, 3));
    command->add_flag("-S", options->no_checksums, "Do not verify checksums when reading");
    command->add_option("-j", options->journal, "Journal directory (not supported yet)")
        ->type_name("DIR");
    command->add_option("-s", options->journal_size, "Journal size (not supported yet)")
        ->type_name("MB");
    command->add_option("-T", options->journal_mode, "Journal mode (not supported yet)")
        ->type_name("ssd");
    command->footer(
        "One for each disk, on a file system of its own:\n"
        "  vstorage make-cs -r /vstorage/disk1/cs");
    command->callback([options, &invocation] {
        invocation.run = [options](CommandContext context) {
            return make_cs(context, *options);
        };
    });
}

}  // namespace cairn::cli
