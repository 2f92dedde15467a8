#include "chunk/server.h"

#include <fmt/core.h>

namespace cairn::chunk {

ChunkServer::ChunkServer(Runtime& runtime, ServerOptions options)
    : runtime_(runtime), options_(std::move(options)) {}

ChunkServer::~ChunkServer() = default;

Task<Result<void>> ChunkServer::serve(Event& stop) {
    const Identity& identity = store_->identity();
    const StartReport& start = store_->start_report();
    runtime_.log.write(Severity::info, "cs",
                       fmt::format("CS#{} starts {}: integrity sequence {}, sync epoch {}",
                                   identity.cs.number, start.unclean ? "unclean" : "clean",
                                   start.integrity_sequence, start.sync_epoch));
    const PeerIdentity self{Role::chunk_server, identity.cs.number, start.sync_epoch};
    const ClusterIdentity cluster{identity.cluster, options_.access.name};
    rpc::Links links(runtime_, {cluster, self, options_.access.key.key});
    ChunkService service(runtime_, *store_, links, !start.unclean, options_.service_rules,
                         options_.forget_files_after);

    rpc::ServerIdentity server_identity;
    server_identity.cluster = cluster;
    server_identity.identity = self;
    server_identity.derivation = options_.access.key.derivation;
    server_identity.key = options_.access.key.key;
    rpc::ServerOptions server_options;
    server_options.rules = options_.rpc_rules;
    rpc::Server server(runtime_, server_identity, service, server_options);
    Result<Address> listening = server.listen(options_.listen);
    if (listening) {
        address_ = *listening;
        runtime_.log.write(Severity::info, "cs", "serves at " + to_string(address_));
    }
    rpc::MasterLink master(runtime_, links, options_.access.name, options_.access.servers,
                           seconds(5));
    if (options_.files != nullptr)
        master.follow(*options_.files);
    RegistrationOptions registration_options;
    registration_options.host = options_.host;
    registration_options.address = address_;
    registration_options.repository = options_.store.path;
    registration_options.tier = identity.tier;
    registration_options.flags = cs_flag_direct | (identity.no_verify ? 0 : cs_flag_checksums);
    registration_options.heartbeat_interval = options_.heartbeat_interval;
    Registration registration(runtime_, *store_, service, master, registration_options);

    Result<void> outcome;
    if (listening)
        outcome = co_await registration.run(stop);
    else
        outcome = listening.error();
    master.stop();
    co_await links.close();
    co_await server.stop(seconds(2));
    co_return outcome;
}

Task<Result<void>> ChunkServer::run(Event& stop) {
    auto opened = co_await ChunkStore::open(runtime_, options_.store, options_.access.key.cluster);
    if (!opened)
        co_return opened.error().with_context(options_.store.path);
    store_ = std::move(*opened);
    Result<void> outcome = co_await serve(stop);
    Result<void> stopped = co_await store_->stop();
    store_.reset();
    if (!outcome)
        co_return outcome;
    co_return stopped;
}

}  // namespace cairn::chunk
