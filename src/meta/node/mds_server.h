// MdsServer: a metadata server as a program runs it: its repository, its part of the consensus, and
// its two ports: one for its peers, the next one for everybody else. It answers itself who the
// metadata servers are and how their number changes; all else it hands to the RequestHandler, while
// this server is the master. One loop; the program owns it and runs it once.
#pragma once

#include <functional>
#include <memory>

#include "meta/node/meta_node.h"
#include "meta/node/request_handler.h"
#include "rpc/key.h"
#include "rpc/server.h"

namespace cairn::meta {

struct MdsServerOptions {
    std::string directory;
    rpc::KeyFile key;  // of the cluster, from auth_digest.key
    LogStoreOptions log;
    MetaNodeOptions node;
    rpc::ServerOptions client_server;
    // At a stop, for the successor to take over and for requests under way.
    Duration grace = seconds(2);
};

class MdsServer final : private NodeObserver {
  public:
    // Called once the repository is open.
    using MakeHandler = std::function<std::unique_ptr<RequestHandler>(const MdsIdentity&)>;

    MdsServer(Runtime& runtime, MdsServerOptions options, MakeHandler make_handler);
    ~MdsServer() override;

    // Serves until `stop` is set; hands over the mastership, and leaves nothing running. An error
    // says why it could not start or go on. Exactly once.
    Task<Result<void>> run(cairn::Event& stop);

    // While it runs; nothing before and after.
    [[nodiscard]] MetaNode* node() { return node_.get(); }
    [[nodiscard]] LogStore* store() { return store_.get(); }
    // The handler serves as the master's.
    [[nodiscard]] bool serves_as_master() const { return !serving_.is_none(); }

  private:
    class PeerPort final : public rpc::Handler {
      public:
        explicit PeerPort(MdsServer& server) : server_(server) {}
        Task<rpc::Response> handle(rpc::Session& session, rpc::Request request) override;

      private:
        MdsServer& server_;
    };
    class ClientPort final : public rpc::Handler {
      public:
        explicit ClientPort(MdsServer& server) : server_(server) {}
        Task<rpc::Response> handle(rpc::Session& session, rpc::Request request) override;

      private:
        MdsServer& server_;
    };

    void on_master(Term term) override;
    void on_deposed() override;
    void applied(const Effects& effects) override;

    Task<Result<void>> open();
    Result<void> listen();
    Task<void> run_node();
    Task<void> govern();
    Task<void> shut_down();
    [[nodiscard]] rpc::ServerIdentity server_identity() const;
    [[nodiscard]] Error not_master() const;
    Task<rpc::Response> serve(rpc::Session& session, rpc::Request request);
    Task<Result<Bytes>> change_servers(Method method, Buffer body);

    Runtime& runtime_;
    MdsServerOptions options_;
    MakeHandler make_handler_;
    PeerPort peer_port_;
    ClientPort client_port_;
    std::unique_ptr<LogStore> store_;
    std::unique_ptr<MetaNode> node_;
    std::unique_ptr<RequestHandler> handler_;
    std::unique_ptr<rpc::Server> peer_server_;
    std::unique_ptr<rpc::Server> client_server_;

    Term reign_;    // as the node sees it; none: not the master
    Term serving_;  // as the handler was told
    // What the handler's references lead to, until it has been deposed.
    std::shared_ptr<const Catalogue> held_catalogue_;
    bool node_ended_ = false;
    Result<void> outcome_;
    cairn::Event stop_node_;
    Condition changed_;
    Scope scope_;
};

}  // namespace cairn::meta
