// RealNetwork: TCP and Unix stream sockets of this machine.
#pragma once

#include "runtime/network.h"
#include "runtime/real/reactor.h"

namespace cairn::real {

class RealNetwork final : public Network {
  public:
    explicit RealNetwork(Reactor& reactor) : reactor_(reactor) {}

    Task<Result<std::unique_ptr<Stream>>> connect(Address to, Duration timeout) override;
    Result<std::unique_ptr<Listener>> listen(const Address& at) override;
    Result<std::unique_ptr<Stream>> connect_nearby(const Address& to) override;
    Result<std::unique_ptr<Listener>> listen_nearby(const Address& at) override;

  private:
    Reactor& reactor_;
};

}  // namespace cairn::real
