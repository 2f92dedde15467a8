// Fabric: the network between simulated hosts: who listens where, which hosts can reach which, how
// long it takes, and the Ethernet ports. Owned by World.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/address.h"
#include "runtime/sim/connection.h"
#include "runtime/sim/core.h"

namespace cairn::sim {

class SimListener;

class Fabric {
  public:
    explicit Fabric(Core& core);

    [[nodiscard]] Core& core() { return core_; }
    [[nodiscard]] Xoshiro& random() { return random_; }

    void add_machine(Machine& machine);
    // Where a connection from `from` to `to` leads; null if no host has that address.
    [[nodiscard]] Machine* machine_at(Machine& from, const Address& to) const;
    [[nodiscard]] bool owns(const Machine& machine, const std::string& host) const;

    // Listeners. Binding returns an errno value, or 0; it replaces port 0 by a free one.
    int bind(Machine& machine, Address& address, SimListener& listener);
    void unbind(Machine& machine, const Address& address);
    [[nodiscard]] SimListener* listener_at(Machine& machine, const Address& address) const;
    [[nodiscard]] uint16_t ephemeral_port();

    // Reachability, one way.
    [[nodiscard]] bool open(const Machine& from, const Machine& to) const;
    void block(const Machine& from, const Machine& to);
    void unblock(const Machine& from, const Machine& to);
    void unblock_all();
    // Something became reachable.
    void retry_held();

    [[nodiscard]] Duration base_delay(const Machine& a, const Machine& b);
    [[nodiscard]] Duration delay(Duration base);

    void add(Connection& connection);
    void remove(Connection& connection);
    // All connections between two hosts break.
    void lose_connections(const Machine& a, const Machine& b);

  private:
    using Place = std::pair<uint64_t, Address>;  // machine number and address
    Core& core_;
    Xoshiro random_;
    std::map<std::string, Machine*> by_address_;
    std::map<Place, SimListener*> listeners_;
    std::set<std::pair<uint64_t, uint64_t>> blocked_;
    std::map<uint64_t, Connection*> connections_;
};

}  // namespace cairn::sim
