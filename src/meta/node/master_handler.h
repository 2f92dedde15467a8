// MasterHandler: the RequestHandler of a real metadata server: a Router and its connections to
// chunk servers, made at each election and gone with it, so that orders of an ended term cannot
// follow.
#pragma once

#include <memory>

#include "meta/node/identity.h"
#include "meta/node/request_handler.h"
#include "meta/requests/router.h"
#include "rpc/secret.h"

namespace cairn::meta {

class MasterHandler final : public RequestHandler {
  public:
    MasterHandler(Runtime& runtime, MdsIdentity identity, rpc::ClusterKey key,
                  MasterOptions options)
        : runtime_(runtime),
          identity_(std::move(identity)),
          key_(std::move(key)),
          options_(options) {}

    Task<rpc::Response> handle(rpc::Session& session, rpc::Request request) override;
    void became_master(Consensus& consensus) override;
    Task<void> deposed() override;
    void applied(const Effects& effects) override;

  private:
    struct Reign {
        Reign(Runtime& runtime, rpc::LinkIdentity identity, MasterOptions options)
            : links(runtime, std::move(identity)), router(runtime, links, options) {}
        rpc::Links links;
        Router router;
    };

    Runtime& runtime_;
    MdsIdentity identity_;
    rpc::ClusterKey key_;
    MasterOptions options_;
    std::unique_ptr<Reign> reign_;
};

}  // namespace cairn::meta
