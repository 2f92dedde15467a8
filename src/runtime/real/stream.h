// RealStream: a connected TCP or Unix socket. Reads take what is there; a write completes when the
// kernel has taken all of it (up to IOV_MAX slices at once), or the connection ends.
#pragma once

#include "runtime/network.h"
#include "runtime/real/descriptor.h"
#include "runtime/real/reactor.h"

namespace cairn::real {

class RealStream final : public Stream {
  public:
    RealStream(Reactor& reactor, Descriptor descriptor, Address local, Address peer);
    ~RealStream() override;

    void close() override;
    [[nodiscard]] const Address& peer() const override { return peer_; }
    [[nodiscard]] const Address& local() const override { return local_; }

  private:
    void start(IoOperation& operation) override;
    void forget(IoOperation& operation) override;
    void start_write(IoOperation& operation);

    Reactor& reactor_;
    Descriptor descriptor_;
    Address local_;
    Address peer_;
};

}  // namespace cairn::real
