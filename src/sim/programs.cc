#include "sim/programs.h"

#include <fmt/core.h>

#include "chunk/server.h"
#include "meta/node/make_repository.h"
#include "meta/node/mds_server.h"
#include "rpc/master_link.h"
#include "wire/mds_messages.h"
#include "wire/status_messages.h"

namespace cairn::sim {

namespace {

constexpr uint64_t cs_journal_size = 512 * kib;

// Tells the cluster what a metadata server holds, for as long as it runs; killed, it is gone at
// once.
class LiveEntry {
  public:
    LiveEntry(SimCluster& cluster, std::string name, SimCluster::LiveMds live)
        : cluster_(cluster), name_(std::move(name)) {
        cluster_.live[name_] = live;
    }
    LiveEntry(const LiveEntry&) = delete;
    LiveEntry& operator=(const LiveEntry&) = delete;
    ~LiveEntry() { cluster_.live.erase(name_); }

  private:
    SimCluster& cluster_;
    std::string name_;
};

chunk::StoreOptions store_options(const std::string& path, uint64_t staging_bytes,
                                  const AllRules& rules) {
    chunk::StoreOptions options;
    options.path = path;
    options.pending_bytes_max = 1 * mib;
    options.margin_bytes = SimCluster::cs_margin_bytes;
    options.staging_bytes = staging_bytes;
    options.placed_write_min = 2;  // as large as writes get here
    options.rules = rules.store;
    return options;
}

// One request of an administrator's command.
template <class Reply, class Request>
Task<Result<Reply>> ask_master(Runtime& runtime, rpc::ClusterAccess access, Duration patience,
                               Method method, Request request) {
    rpc::Links links(runtime,
                     {{access.key.cluster, access.name}, {Role::tool, 0, 0}, access.key.key});
    rpc::MasterLink master(runtime, links, access.name, access.servers, patience);
    Result<Reply> reply = co_await master.call<Reply>(method, std::move(request));
    master.stop();
    co_await links.close();
    co_return reply;
}

Task<void> run_mds(Runtime& runtime, SimCluster& cluster, std::string name,
                   meta::MdsServerOptions options, rpc::LinkIdentity identity) {
    const meta::Router* router = nullptr;
    const uint64_t instance = runtime.random.next() | 1;
    const meta::Rules rules = options.node.catalogue_rules;
    meta::MdsServer server(runtime, std::move(options), [&](const meta::MdsIdentity& mds) {
        identity.identity = {Role::mds, mds.mds.number, instance};
        meta::MasterOptions master;
        master.rules = rules;
        auto made = std::make_unique<meta::Router>(runtime, identity, master);
        router = made.get();
        cluster.live[name].router = router;
        return made;
    });
    const LiveEntry live(cluster, name, {&server, nullptr});
    Event stop(runtime.loop);
    Result<void> outcome = co_await server.run(stop);
    if (!outcome)
        runtime.log.write(Severity::error, "mds", outcome.error().message());
}

Task<void> run_cs(Runtime& runtime, chunk::ServerOptions options) {
    chunk::ChunkServer server(runtime, std::move(options));
    Event stop(runtime.loop);
    Result<void> outcome = co_await server.run(stop);
    if (!outcome)
        runtime.log.write(Severity::error, "cs", outcome.error().message());
}

Task<void> run_client(Runtime& runtime, client::ClientOptions options, WorkloadState& state,
                      WorkloadOptions workload, std::function<Instant()> now) {
    Workload client(runtime, std::move(options), state, std::move(workload), std::move(now));
    co_await client.run();
}

}  // namespace

Task<void> store_outcome(Task<Result<void>> task,
                         std::shared_ptr<std::optional<Result<void>>> outcome) {
    Result<void> result = co_await std::move(task);
    outcome->emplace(std::move(result));
}

Task<Result<void>> make_first_mds(Runtime& runtime, std::string path, rpc::ClusterAccess access,
                                  Address address) {
    meta::NewRepository repository;
    repository.directory = std::move(path);
    repository.identity = {access.key.cluster, access.name, MdsId(1), std::move(address)};
    repository.first = true;
    co_return co_await meta::make_repository(runtime, std::move(repository));
}

Task<Result<void>> make_further_mds(Runtime& runtime, std::string path, rpc::ClusterAccess access,
                                    Address address, MdsId& mds) {
    AddMdsRequest request;
    request.peer_address = address;
    auto added =
        co_await ask_master<AddMdsReply>(runtime, access, seconds(60), Method::add_mds, request);
    if (!added)
        co_return added.error();
    mds = added->mds;
    meta::NewRepository repository;
    repository.directory = std::move(path);
    repository.identity = {access.key.cluster, access.name, mds, std::move(address)};
    co_return co_await meta::make_repository(runtime, std::move(repository));
}

Task<Result<void>> remove_mds(Runtime& runtime, rpc::ClusterAccess access, MdsId mds) {
    auto removed = co_await ask_master<EmptyReply>(runtime, std::move(access), seconds(10),
                                                   Method::remove_mds, RemoveMdsRequest{mds});
    if (!removed)
        co_return removed.error();
    co_return Result<void>();
}

Task<Result<void>> make_cs(Runtime& runtime, std::string path, rpc::ClusterAccess access,
                           HostId host, CsId& cs) {
    MakeCsRequest request;
    request.host = host;
    request.host_name = fmt::format("host{:x}", host.number);
    request.repository = path;
    auto added =
        co_await ask_master<MakeCsReply>(runtime, access, seconds(60), Method::make_cs, request);
    if (!added)
        co_return added.error();
    chunk::Identity identity;
    identity.cluster = access.key.cluster;
    identity.cs = added->cs;
    CO_TRY(co_await chunk::ChunkStore::create(runtime, std::move(path), identity, cs_journal_size));
    cs = added->cs;
    co_return Result<void>();
}

Task<Result<void>> remove_cs(Runtime& runtime, rpc::ClusterAccess access, CsId cs,
                             CsRemoval removal) {
    auto removed =
        co_await ask_master<RemoveCsReply>(runtime, std::move(access), seconds(10),
                                           Method::remove_cs, RemoveCsRequest{cs, removal, false});
    if (!removed)
        co_return removed.error();
    if (removed->refused)
        co_return Error(Code::not_empty, "it holds the only replica of some chunks");
    co_return Result<void>();
}

Task<Result<void>> revoke_leases(Runtime& runtime, rpc::ClusterAccess access, std::string host) {
    RevokeRequest request;
    request.host = std::move(host);
    auto revoked = co_await ask_master<RevokeReply>(runtime, std::move(access), seconds(2),
                                                    Method::revoke, std::move(request));
    if (!revoked)
        co_return revoked.error();
    co_return Result<void>();
}

Task<Result<void>> set_config(Runtime& runtime, rpc::ClusterAccess access, std::string name,
                              std::string value) {
    SetConfigRequest request;
    request.name = std::move(name);
    request.value = std::move(value);
    auto set = co_await ask_master<EmptyReply>(runtime, std::move(access), seconds(10),
                                               Method::set_config, std::move(request));
    if (!set)
        co_return set.error();
    co_return Result<void>();
}

Task<Result<void>> make_files(Runtime& runtime, client::ClientOptions options,
                              std::vector<std::string> paths, ClusterShape shape) {
    client::Client client(runtime, std::move(options));
    Result<void> outcome = co_await client.start();
    if (outcome) {
        SetAttributesRequest attributes;
        attributes.file = FileId(1);
        attributes.replicas_norm = shape.replicas_norm;
        attributes.replicas_min = shape.replicas_min;
        attributes.failure_domain = shape.failure_domain;
        outcome = co_await client.set_attributes(attributes);
    }
    std::vector<std::pair<const char*, std::string>> settings = {
        {"mds.wd.offline_tout", fmt::format("{}s", shape.offline_timeout.seconds())},
        {"mds.wd.verify_chunks", fmt::format("{}", shape.verify_chunks)}};
    if (shape.punch_hole)
        settings.emplace_back("gen.do_punch_hole", "1");
    for (const auto& [name, value] : settings) {
        if (!outcome)
            break;
        SetConfigRequest setting;
        setting.name = name;
        setting.value = value;
        auto set = co_await client.master().call<EmptyReply>(Method::set_config, setting);
        if (!set)
            outcome = set.error();
    }
    for (const std::string& path : paths) {
        if (!outcome)
            break;
        auto made = co_await client.make_node(path, NodeKind::file, 0644, shape.chunk_size);
        if (!made) {
            outcome = made.error();
            break;
        }
        auto file = co_await client.open(made->file, LeaseMode::exclusive);
        if (!file) {
            outcome = file.error();
            break;
        }
        outcome = co_await (*file)->truncate(shape.blocks_per_file * block_size);
        Result<void> closed = co_await client.close(*file);
        if (outcome)
            outcome = closed;
    }
    co_await client.stop();
    co_return outcome;
}

Task<Result<void>> set_attributes(Runtime& runtime, client::ClientOptions options,
                                  SetAttributesRequest attributes) {
    client::Client client(runtime, std::move(options));
    Result<void> outcome = co_await client.start();
    attributes.file = FileId(1);
    attributes.recursive = true;
    if (outcome)
        outcome = co_await client.set_attributes(attributes);
    co_await client.stop();
    co_return outcome;
}

Task<Result<void>> read_everything(Runtime& runtime, client::ClientOptions options,
                                   WorkloadState& state, WorkloadOptions workload,
                                   std::function<Instant()> now) {
    Workload client(runtime, std::move(options), state, std::move(workload), std::move(now));
    co_await client.read_everything();
    if (state.failure)
        co_return Error(Code::io_error, *state.failure);
    co_return Result<void>();
}

Main mds_program(SimCluster& cluster, std::string name, std::string path, rpc::ClusterAccess access,
                 const AllRules& rules) {
    return [&cluster, name = std::move(name), path = std::move(path), access = std::move(access),
            rules](Runtime& runtime) {
        meta::MdsServerOptions options;
        options.directory = path;
        options.key = access.key;
        options.log.segment_size = 64 * kib;
        options.log.rules = rules.log;
        options.node.snapshot_log_bytes = 256 * kib;
        options.node.entries_kept = 200;
        options.node.catalogue_rules = rules.catalogue;
        options.node.rules = rules.node;
        options.node.raft_rules = rules.raft;
        options.client_server.rules = rules.rpc;
        rpc::LinkIdentity identity{{access.key.cluster, access.name}, {}, access.key.key};
        return run_mds(runtime, cluster, name, std::move(options), std::move(identity));
    };
}

Main cs_program(std::string path, rpc::ClusterAccess access, HostId host, Address listen,
                uint64_t staging_bytes, const AllRules& rules) {
    return [path = std::move(path), access = std::move(access), host, listen = std::move(listen),
            staging_bytes, rules](Runtime& runtime) {
        chunk::ServerOptions options;
        options.access = access;
        options.host = host;
        options.store = store_options(path, staging_bytes, rules);
        options.listen = listen;
        options.service_rules = rules.service;
        options.rpc_rules = rules.rpc;
        options.forget_files_after = seconds(20);
        return run_cs(runtime, std::move(options));
    };
}

Main client_program(client::ClientOptions options, WorkloadState& state, WorkloadOptions workload,
                    std::function<Instant()> now) {
    return [options = std::move(options), &state, workload = std::move(workload),
            now = std::move(now)](Runtime& runtime) {
        return run_client(runtime, options, state, workload, now);
    };
}

}  // namespace cairn::sim
