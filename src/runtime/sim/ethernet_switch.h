// EthernetSwitch: one simulated switch that carries frames between the ports of all hosts: it
// loses, repeats, delays and so reorders them as the fault plan says. Owned by World.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "runtime/ethernet.h"
#include "runtime/sim/fabric.h"
#include "runtime/sim/loop_driver.h"
#include "runtime/wait.h"

namespace cairn::sim {

class EthernetSwitch;

class SimEthernetPort final : public EthernetPort, private Held {
  public:
    SimEthernetPort(EthernetSwitch& connected_to, LoopDriver& driver, uint64_t number);
    ~SimEthernetPort() override;

    Result<void> send(std::span<const ByteView> slices) override;
    Task<Result<Bytes>> receive() override;
    void close() override;
    const MacAddress& mac() const override { return mac_; }
    size_t mtu() const override { return 9000; }

    [[nodiscard]] Machine& machine() { return driver_.machine(); }
    // A frame arrives. It is dropped if the program does not keep up.
    void take(Bytes frame);

  private:
    void process_gone(Ending ending) override;

    EthernetSwitch& switch_;
    LoopDriver& driver_;
    uint64_t number_;
    MacAddress mac_;
    Condition changed_;
    std::deque<Bytes> arrived_;
    bool connected_ = true;
};

class EthernetSwitch {
  public:
    explicit EthernetSwitch(Fabric& fabric);
    ~EthernetSwitch();

    [[nodiscard]] std::unique_ptr<EthernetPort> open_port(LoopDriver& driver);
    void connect(uint64_t number, SimEthernetPort& port) { ports_.emplace(number, &port); }
    void disconnect(uint64_t number) { ports_.erase(number); }
    // A frame comes from a port at `time`.
    void carry(SimEthernetPort& from, SimTime time, Bytes frame);

  private:
    class Flight;
    void launch(uint64_t to, Machine& from, SimTime time, const Bytes& frame);
    void land(uint64_t flight);

    Fabric& fabric_;
    Core& core_;
    Xoshiro random_;
    std::map<uint64_t, SimEthernetPort*> ports_;
    std::map<uint64_t, std::unique_ptr<Flight>> flights_;
};

}  // namespace cairn::sim
