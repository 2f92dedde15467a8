// RequestHandler: what a metadata server does for clients, chunk servers and tools while it is the
// master. The MdsServer owns one for its life and tells it of elections; requests come from the
// client port, everything but who the metadata servers are.
#pragma once

#include "meta/catalogue/effects.h"
#include "meta/consensus.h"
#include "rpc/session.h"

namespace cairn::meta {

class RequestHandler {
  public:
    virtual ~RequestHandler() = default;

    // Only between became_master() and deposed(); not_master when that ends meanwhile.
    virtual Task<rpc::Response> handle(rpc::Session& session, rpc::Request request) = 0;
    // This server is the master from here on. `consensus` lives until deposed() has ended.
    virtual void became_master(Consensus& consensus) = 0;
    // It is not any more: waits for requests and procedures under way. Proposals are refused by
    // then. became_master() is not called again before it has ended.
    virtual Task<void> deposed() = 0;
    // After each entry that was applied here, between the two; must not wait.
    virtual void applied(const Effects& effects) = 0;
};

}  // namespace cairn::meta
