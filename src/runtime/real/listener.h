// RealListener: a listening TCP or Unix socket, or the one near a TCP address (nearby.h). A Unix
// socket's file is removed when it is closed, if it is still ours.
#pragma once

#include <sys/types.h>
#include <vector>

#include "runtime/network.h"
#include "runtime/real/descriptor.h"
#include "runtime/real/reactor.h"

namespace cairn::real {

class Call;

class RealListener final : public Listener {
  public:
    static Result<std::unique_ptr<Listener>> open(Reactor& reactor, const Address& at);
    RealListener(Reactor& reactor, Descriptor descriptor, Address address);
    ~RealListener() override;

    Task<Result<std::unique_ptr<Stream>>> accept() override;
    void close() override;
    [[nodiscard]] const Address& address() const override { return address_; }

  private:
    class Accepting;

    Reactor& reactor_;
    Descriptor descriptor_;
    Address address_;
    std::vector<Call*> accepting_;
    // Of the Unix socket's file: another program may have put its own in the same place.
    dev_t socket_device_ = 0;
    ino_t socket_inode_ = 0;
};

}  // namespace cairn::real
