// SimNetwork: the network as one loop of a simulated process sees it: its streams, listeners and
// attempts to connect.
#pragma once

#include <deque>
#include <memory>

#include "runtime/network.h"
#include "runtime/sim/connection.h"
#include "runtime/sim/fabric.h"
#include "runtime/sim/held.h"
#include "runtime/sim/loop_driver.h"
#include "runtime/wait.h"

namespace cairn::sim {

class SimStream final : public Stream, private Held {
  public:
    SimStream(LoopDriver& driver, std::shared_ptr<Connection> connection, int side);
    ~SimStream() override;

    void close() override;
    const Address& peer() const override { return connection_->address(1 - side_); }
    const Address& local() const override { return connection_->address(side_); }

  private:
    void start(IoOperation& operation) override;
    void forget(IoOperation& operation) override;
    void process_gone(Ending ending) override { connection_->abandon(side_, ending); }

    std::shared_ptr<Connection> connection_;
    int side_;
};

class SimListener final : public Listener, private Held {
  public:
    SimListener(LoopDriver& driver, Fabric& fabric, Address address);
    ~SimListener() override;

    // An errno value, or 0.
    [[nodiscard]] int bind();
    Task<Result<std::unique_ptr<Stream>>> accept() override;
    void close() override;
    const Address& address() const override { return address_; }

    // A connection has come; false if too many wait already.
    [[nodiscard]] bool offer(std::shared_ptr<Connection> connection);

  private:
    void process_gone(Ending ending) override { stop(ending); }
    void stop(Ending ending);

    LoopDriver& driver_;
    Fabric& fabric_;
    Address address_;
    Condition changed_;
    std::deque<std::shared_ptr<Connection>> waiting_;
    bool bound_ = false;
    bool closed_ = false;
};

class SimNetwork final : public Network {
  public:
    SimNetwork(LoopDriver& driver, Fabric& fabric) : driver_(driver), fabric_(fabric) {}

    Task<Result<std::unique_ptr<Stream>>> connect(Address to, Duration timeout) override;
    Result<std::unique_ptr<Listener>> listen(const Address& at) override;

  private:
    LoopDriver& driver_;
    Fabric& fabric_;
};

}  // namespace cairn::sim
