// RealStream: a connected TCP or Unix socket. Its addresses may be those of TCP over a Unix socket
// (nearby.h). Reads take what is there; a write completes when the kernel has taken what it has
// room for, at least something, or the connection ends. One read and one write at a time: of two
// writes at once the bytes might mix.
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
    [[nodiscard]] bool send_now(IoOperation& operation);

    Reactor& reactor_;
    Descriptor descriptor_;
    Address local_;
    Address peer_;
};

}  // namespace cairn::real
