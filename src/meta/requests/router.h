// Router: takes a request to the function that answers it, as long as this server is the master;
// otherwise the answer is not_master. It owns the Master between an election and its end.
#pragma once

#include <memory>

#include "meta/master/master.h"
#include "rpc/session.h"

namespace cairn::meta {

class Router {
  public:
    Router(Runtime& runtime, rpc::Links& links, MasterOptions options)
        : runtime_(runtime), links_(links), options_(options) {}

    Task<rpc::Response> handle(rpc::Session& session, rpc::Request request);
    // This server is the master from here on.
    void became_master(Consensus& consensus);
    // It is not any more; waits for requests and procedures under way.
    Task<void> deposed();
    // After each entry that was applied here.
    void applied(const Effects& effects) {
        if (master_)
            master_->applied(effects);
    }
    [[nodiscard]] Master* master() const { return master_.get(); }

  private:
    Task<Result<Bytes>> answer(rpc::Session& session, const rpc::Request& request);

    Runtime& runtime_;
    rpc::Links& links_;
    MasterOptions options_;
    std::unique_ptr<Master> master_;
    uint32_t running_ = 0;
    Condition idle_{runtime_.loop};
};

}  // namespace cairn::meta
