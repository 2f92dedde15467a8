#include "meta/node/mds_server.h"

#include <fmt/core.h>

namespace cairn::meta {

MdsServer::MdsServer(Runtime& runtime, MdsServerOptions options, MakeHandler make_handler)
    : runtime_(runtime),
      options_(std::move(options)),
      make_handler_(std::move(make_handler)),
      peer_port_(*this),
      client_port_(*this),
      stop_node_(runtime.loop),
      changed_(runtime.loop),
      scope_(runtime.loop) {}

MdsServer::~MdsServer() = default;

Task<Result<void>> MdsServer::run(cairn::Event& stop) {
    Result<void> opened = co_await open();
    if (opened)
        opened = listen();
    if (!opened) {
        co_await shut_down();
        co_return opened;
    }
    const MdsIdentity& identity = store_->identity();
    runtime_.log.write(
        Severity::info, "mds",
        fmt::format("MDS#{} of cluster {} serves at {} and port {}", identity.mds.number,
                    identity.cluster_name, to_string(identity.peer_address),
                    identity.peer_address.next_port().port));
    scope_.spawn(run_node());
    scope_.spawn(govern());
    while (!stop.is_set() && !node_ended_)
        co_await stop.wait_until(runtime_.loop.now() + options_.node.tick);
    // A master that goes on purpose is not missed.
    if (!node_ended_ && node_->is_master())
        static_cast<void>(co_await node_->transfer_master(MdsId{}));
    co_await shut_down();
    co_return outcome_;
}

Task<Result<void>> MdsServer::open() {
    auto store = co_await LogStore::open(runtime_, options_.directory, options_.log);
    if (!store)
        co_return store.error();
    store_ = std::move(*store);
    const MdsIdentity& identity = store_->identity();
    if (options_.key.cluster != identity.cluster)
        co_return Error(Code::wrong_cluster,
                        fmt::format("{} belongs to cluster {} ({}), and the key to cluster {}",
                                    options_.directory, identity.cluster_name,
                                    to_string(identity.cluster), to_string(options_.key.cluster)));
    rpc::ConnectOptions access;
    access.cluster = {identity.cluster, identity.cluster_name};
    access.credentials = options_.key.key;
    auto node = co_await MetaNode::create(runtime_, *store_, std::move(access), options_.node);
    if (!node)
        co_return node.error();
    node_ = std::move(*node);
    node_->set_observer(this);
    handler_ = make_handler_(identity);
    co_return Result<void>();
}

rpc::ServerIdentity MdsServer::server_identity() const {
    const MdsIdentity& identity = store_->identity();
    rpc::ServerIdentity who;
    who.cluster = {identity.cluster, identity.cluster_name};
    who.identity = {Role::mds, identity.mds.number, 0};
    who.derivation = options_.key.derivation;
    who.key = options_.key.key;
    return who;
}

Result<void> MdsServer::listen() {
    rpc::ServerOptions peers;
    peers.pulse = peer_pulse;
    peer_server_ =
        std::make_unique<rpc::Server>(runtime_, server_identity(), peer_port_, std::move(peers));
    client_server_ = std::make_unique<rpc::Server>(runtime_, server_identity(), client_port_,
                                                   options_.client_server);
    const Address& address = store_->identity().peer_address;
    Result<Address> listens = peer_server_->listen(address);
    if (listens)
        listens = client_server_->listen(address.next_port());
    if (listens)
        return {};
    const MdsIdentity& identity = store_->identity();
    return listens.error().with_context(fmt::format(
        "cannot listen at {}: if MDS#{} has moved, give it the new addresses of all "
        "metadata servers (vstorage -c {} configure-mds -r {} -n ...)",
        to_string(address), identity.mds.number, identity.cluster_name, store_->directory()));
}

Task<void> MdsServer::run_node() {
    outcome_ = co_await node_->run(stop_node_);
    node_ended_ = true;
    changed_.notify_all();
}

// The handler follows the node: it is deposed before it becomes the master anew.
Task<void> MdsServer::govern() {
    while (!node_ended_ || !serving_.is_none()) {
        if (serving_ == reign_) {
            co_await changed_.wait();
        } else if (!serving_.is_none()) {
            serving_ = Term{};
            co_await handler_->deposed();
            held_catalogue_.reset();
        } else {
            serving_ = reign_;
            held_catalogue_ = node_->hold_catalogue();
            handler_->became_master(*node_);
        }
    }
}

void MdsServer::on_master(Term term) {
    runtime_.log.write(
        Severity::info, "mds",
        fmt::format("MDS#{} is the master (term {})", store_->identity().mds.number, term.number));
    reign_ = term;
    changed_.notify_all();
}

void MdsServer::on_deposed() {
    runtime_.log.write(
        Severity::info, "mds",
        fmt::format("MDS#{} is not the master any more", store_->identity().mds.number));
    reign_ = Term{};
    changed_.notify_all();
}

void MdsServer::applied(const Effects& effects) {
    if (!serving_.is_none() && serving_ == reign_)
        handler_->applied(effects);
}

// Whatever of it was started.
Task<void> MdsServer::shut_down() {
    stop_node_.set();
    co_await scope_.join();
    if (client_server_)
        co_await client_server_->stop(options_.grace);
    if (peer_server_)
        co_await peer_server_->stop(options_.grace);
    handler_.reset();
    node_.reset();
    if (store_)
        co_await store_->close();
    store_.reset();
}

Error MdsServer::not_master() const {
    const MdsId leader = node_->leader();
    if (leader.is_none() || leader == node_->self())
        return {Code::not_master, "no metadata server is known to be the master now"};
    return {Code::not_master, fmt::format("MDS#{} is the master", leader.number)};
}

Task<rpc::Response> MdsServer::PeerPort::handle(rpc::Session& session, rpc::Request request) {
    const PeerIdentity& peer = session.peer();
    if (peer.role != Role::mds)
        co_return rpc::Response::failure(
            {Code::permission_denied, "this port is for metadata servers: use the next one"});
    if (request.method == Method::raft_messages)
        co_return co_await server_.node_->handle_messages(MdsId(peer.node), std::move(request));
    if (request.method == Method::raft_snapshot)
        co_return co_await server_.node_->handle_snapshot(MdsId(peer.node), std::move(request));
    co_return rpc::Response::failure(
        {Code::not_supported, "this port is for metadata servers: use the next one"});
}

Task<rpc::Response> MdsServer::ClientPort::handle(rpc::Session& session, rpc::Request request) {
    co_return co_await server_.serve(session, std::move(request));
}

Task<rpc::Response> MdsServer::serve(rpc::Session& session, rpc::Request request) {
    switch (request.method) {
        case Method::find_master:
        case Method::cluster_servers: co_return rpc::Response(encode(node_->find_master()));
        case Method::raft_messages:
        case Method::raft_snapshot:
            co_return rpc::Response::failure(
                {Code::not_supported, "this port is for clients and chunk servers"});
        default: break;
    }
    if (serving_.is_none())
        co_return rpc::Response::failure(not_master());
    if (request.method != Method::add_mds && request.method != Method::remove_mds &&
        request.method != Method::transfer_master)
        co_return co_await handler_->handle(session, std::move(request));
    Result<Bytes> changed = co_await change_servers(request.method, std::move(request.body));
    if (!changed)
        co_return rpc::Response::failure(changed.error());
    co_return rpc::Response(std::move(*changed));
}

Task<Result<Bytes>> MdsServer::change_servers(Method method, Buffer body) {
    if (method == Method::add_mds) {
        Result<AddMdsRequest> request = decode<AddMdsRequest>(body.view());
        if (!request)
            co_return request.error();
        Result<MdsId> added = co_await node_->add_server(request->peer_address);
        if (!added)
            co_return added.error();
        const MdsIdentity& identity = store_->identity();
        co_return encode(AddMdsReply{
            {node_->applied(), node_->term()}, *added, identity.cluster, identity.cluster_name});
    }
    Result<void> done;
    if (method == Method::remove_mds) {
        Result<RemoveMdsRequest> request = decode<RemoveMdsRequest>(body.view());
        if (!request)
            co_return request.error();
        done = co_await node_->remove_server(request->mds);
    } else {
        Result<TransferMasterRequest> request = decode<TransferMasterRequest>(body.view());
        if (!request)
            co_return request.error();
        done = co_await node_->transfer_master(request->to);
    }
    if (!done)
        co_return done.error();
    co_return encode(EmptyReply{{node_->applied(), node_->term()}});
}

}  // namespace cairn::meta
