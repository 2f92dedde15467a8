#include "meta/node/master_handler.h"

namespace cairn::meta {

Task<rpc::Response> MasterHandler::handle(rpc::Session& session, rpc::Request request) {
    if (!reign_)
        co_return rpc::Response::failure({Code::not_master, "this server is not the master"});
    co_return co_await reign_->router.handle(session, std::move(request));
}

void MasterHandler::became_master(Consensus& consensus) {
    // Chunk servers know each term as another program, so that the first connection of this one
    // does not count as an old one of the last.
    const PeerIdentity self{Role::mds, identity_.mds.number, consensus.term().number};
    const rpc::LinkIdentity identity{{identity_.cluster, identity_.cluster_name}, self, key_};
    reign_ = std::make_unique<Reign>(runtime_, identity, options_);
    reign_->router.became_master(consensus);
}

Task<void> MasterHandler::deposed() {
    if (!reign_)
        co_return;
    // Orders under way to servers that do not answer end with their connections: first those that
    // run now, then what was begun before everything had heard of the end.
    Scope scope(runtime_.loop);
    scope.spawn(reign_->router.deposed());
    co_await Yield(runtime_.loop);
    co_await Yield(runtime_.loop);
    co_await reign_->links.close();
    co_await scope.join();
    co_await reign_->links.close();
    reign_.reset();
}

void MasterHandler::applied(const Effects& effects) {
    if (reign_)
        reign_->router.applied(effects);
}

}  // namespace cairn::meta
