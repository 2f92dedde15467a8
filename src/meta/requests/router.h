// Router: takes a request to the function that answers it, as long as this server is the master;
// otherwise the answer is not_master. It owns the Master between an election and its end.
#pragma once

#include <memory>

#include "meta/master/master.h"
#include "meta/node/request_handler.h"
#include "rpc/session.h"

namespace cairn::meta {

class Router final : public RequestHandler {
  public:
    // `identity`: as whom the master calls chunk servers.
    Router(Runtime& runtime, rpc::LinkIdentity identity, MasterOptions options)
        : runtime_(runtime), identity_(std::move(identity)), options_(options) {}

    Task<rpc::Response> handle(rpc::Session& session, rpc::Request request) override;
    void became_master(Consensus& consensus) override;
    Task<void> deposed() override;
    void applied(const Effects& effects) override {
        if (master_)
            master_->applied(effects);
    }
    [[nodiscard]] Master* master() const { return master_.get(); }

  private:
    Task<Result<Bytes>> answer(rpc::Session& session, const rpc::Request& request);

    Runtime& runtime_;
    rpc::LinkIdentity identity_;
    MasterOptions options_;
    std::unique_ptr<rpc::Links> links_;  // of one reign
    std::unique_ptr<Master> master_;
    uint32_t running_ = 0;
    Condition idle_{runtime_.loop};
};

}  // namespace cairn::meta
