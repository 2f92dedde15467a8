#include "runtime/sim/fabric.h"

#include <cerrno>

#include "runtime/sim/machine.h"

namespace cairn::sim {

namespace {

bool is_loopback(const std::string& host) {
    return host.starts_with("127.") || host == "::1";
}

bool is_wildcard(const std::string& host) {
    return host == "0.0.0.0" || host == "::";
}

}  // namespace

Fabric::Fabric(Core& core) : core_(core), random_(core.seed_for("fabric")) {}

void Fabric::add_machine(Machine& machine) {
    for (const std::string& address : machine.addresses()) {
        const bool added = by_address_.emplace(address, &machine).second;
        CHECK_NOTE(added, "two hosts with one address");
    }
}

Machine* Fabric::machine_at(Machine& from, const Address& to) const {
    if (to.is_unix() || is_loopback(to.host))
        return &from;
    const auto found = by_address_.find(to.host);
    return found == by_address_.end() ? nullptr : found->second;
}

bool Fabric::owns(const Machine& machine, const std::string& host) const {
    if (is_loopback(host) || is_wildcard(host))
        return true;
    const auto found = by_address_.find(host);
    return found != by_address_.end() && found->second == &machine;
}

uint16_t Fabric::ephemeral_port() {
    return static_cast<uint16_t>(32'768 + random_.below(28'232));
}

int Fabric::bind(Machine& machine, Address& address, SimListener& listener) {
    if (!address.is_unix() && !owns(machine, address.host))
        return EADDRNOTAVAIL;
    const bool any_port = !address.is_unix() && address.port == 0;
    do {
        if (any_port)
            address.port = ephemeral_port();
    } while (any_port && listener_at(machine, address) != nullptr);
    if (listener_at(machine, address) != nullptr)
        return EADDRINUSE;
    if (is_wildcard(address.host)) {
        for (const auto& [place, other] : listeners_) {
            if (place.first == machine.number() && place.second.port == address.port)
                return EADDRINUSE;
        }
    }
    listeners_.emplace(Place(machine.number(), address), &listener);
    return 0;
}

void Fabric::unbind(Machine& machine, const Address& address) {
    listeners_.erase(Place(machine.number(), address));
}

SimListener* Fabric::listener_at(Machine& machine, const Address& address) const {
    auto found = listeners_.find(Place(machine.number(), address));
    if (found == listeners_.end() && !address.is_unix())
        found = listeners_.find(Place(machine.number(), {"0.0.0.0", address.port}));
    if (found == listeners_.end() && !address.is_unix())
        found = listeners_.find(Place(machine.number(), {"::", address.port}));
    return found == listeners_.end() ? nullptr : found->second;
}

bool Fabric::open(const Machine& from, const Machine& to) const {
    return blocked_.empty() || !blocked_.contains({from.number(), to.number()});
}

void Fabric::block(const Machine& from, const Machine& to) {
    if (&from != &to)
        blocked_.emplace(from.number(), to.number());
}

void Fabric::unblock(const Machine& from, const Machine& to) {
    if (blocked_.erase({from.number(), to.number()}) != 0)
        retry_held();
}

void Fabric::unblock_all() {
    blocked_.clear();
    retry_held();
}

void Fabric::retry_held() {
    for (const auto& [number, connection] : connections_)
        connection->retry(seconds(1));
}

Duration Fabric::base_delay(const Machine& a, const Machine& b) {
    if (&a == &b)
        return Core::between(random_, microseconds(3), microseconds(20));
    return Core::between(random_, microseconds(40), microseconds(300));
}

Duration Fabric::delay(Duration base) {
    Duration delay = base + Core::between(random_, {}, base);
    if (Core::strikes(random_, core_.faults.network.delay_spike)) {
        core_.fault("delay spike", "network");
        delay = delay + Core::between(random_, {}, core_.faults.network.delay_spike_max);
    }
    return delay;
}

void Fabric::add(Connection& connection) {
    connections_.emplace(connection.number(), &connection);
}

void Fabric::remove(Connection& connection) {
    connections_.erase(connection.number());
}

void Fabric::lose_connections(const Machine& a, const Machine& b) {
    for (const auto& [number, connection] : connections_) {
        const Machine* client = &connection->machine(Connection::client_side);
        const Machine* server = &connection->machine(Connection::server_side);
        if ((client == &a && server == &b) || (client == &b && server == &a))
            connection->lose();
    }
}

}  // namespace cairn::sim
