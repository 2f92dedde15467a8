#include "runtime/sim/ethernet_switch.h"

#include <algorithm>
#include <fmt/core.h>

#include "runtime/sim/machine.h"

namespace cairn::sim {

namespace {

constexpr size_t queue_max = 256;
constexpr Duration frame_delay_least = microseconds(5);
constexpr Duration frame_delay_most = microseconds(40);
constexpr Duration late_frame_max = milliseconds(20);

// Locally administered; unlike any other port's.
MacAddress mac_of(uint64_t number) {
    MacAddress mac;
    mac.bytes[0] = 2;
    for (size_t i = 1; i < mac.bytes.size(); i++)
        mac.bytes[i] = static_cast<uint8_t>(number >> (8 * (mac.bytes.size() - 1 - i)));
    return mac;
}

MacAddress destination_of(const Bytes& frame) {
    MacAddress mac;
    for (size_t i = 0; i < mac.bytes.size(); i++)
        mac.bytes[i] = static_cast<uint8_t>(frame[i]);
    return mac;
}

}  // namespace

class EthernetSwitch::Flight final : public SimEvent {
  public:
    Flight(EthernetSwitch& owner, uint64_t number, uint64_t to, Machine& from, Bytes frame)
        : SimEvent(owner.core_.queue),
          owner_(owner),
          number_(number),
          to_(to),
          from_(from),
          frame_(std::move(frame)) {}

    [[nodiscard]] uint64_t to() const { return to_; }
    [[nodiscard]] Machine& from() { return from_; }
    [[nodiscard]] Bytes take_frame() { return std::move(frame_); }

  private:
    void fire() override { owner_.land(number_); }

    EthernetSwitch& owner_;
    uint64_t number_;
    uint64_t to_;
    Machine& from_;
    Bytes frame_;
};

SimEthernetPort::SimEthernetPort(EthernetSwitch& connected_to, LoopDriver& driver, uint64_t number)
    : Held(driver.holdings()),
      switch_(connected_to),
      driver_(driver),
      number_(number),
      mac_(mac_of(number)),
      changed_(driver.loop()) {
    switch_.connect(number_, *this);
}

SimEthernetPort::~SimEthernetPort() {
    process_gone(Ending::exited);
}

void SimEthernetPort::process_gone(Ending) {
    if (connected_)
        switch_.disconnect(number_);
    connected_ = false;
}

Result<void> SimEthernetPort::send(std::span<const ByteView> slices) {
    if (!connected_)
        return Error(Code::cancelled, "the Ethernet port was closed");
    Bytes frame;
    for (const ByteView slice : slices)
        frame.insert(frame.end(), slice.begin(), slice.end());
    if (frame.size() > ethernet_header_size + mtu())
        return Error(Code::too_large, "a frame longer than the port carries");
    if (frame.size() < ethernet_header_size)
        return Error(Code::invalid_argument, "a frame without a whole header");
    switch_.carry(*this, driver_.submit_time(), std::move(frame));
    return {};
}

Task<Result<Bytes>> SimEthernetPort::receive() {
    while (arrived_.empty() && connected_)
        co_await changed_.wait();
    if (!connected_)
        co_return Error(Code::cancelled, "the Ethernet port was closed");
    Bytes frame = std::move(arrived_.front());
    arrived_.pop_front();
    co_return frame;
}

void SimEthernetPort::close() {
    process_gone(Ending::exited);
    changed_.notify_all();
}

void SimEthernetPort::take(Bytes frame) {
    if (arrived_.size() >= queue_max) {
        driver_.core().fault("frame lost", driver_.who());
        return;
    }
    arrived_.push_back(std::move(frame));
    changed_.notify_one();
    driver_.wake();
}

EthernetSwitch::EthernetSwitch(Fabric& fabric)
    : fabric_(fabric), core_(fabric.core()), random_(core_.seed_for("ethernet")) {}

EthernetSwitch::~EthernetSwitch() = default;

std::unique_ptr<EthernetPort> EthernetSwitch::open_port(LoopDriver& driver) {
    return std::make_unique<SimEthernetPort>(*this, driver, core_.next_number++);
}

void EthernetSwitch::carry(SimEthernetPort& from, SimTime time, Bytes frame) {
    const MacAddress to = destination_of(frame);
    for (const auto& [number, port] : ports_) {
        if (port != &from && (to.is_group() || port->mac() == to))
            launch(number, from.machine(), time, frame);
    }
}

void EthernetSwitch::launch(uint64_t to, Machine& from, SimTime time, const Bytes& frame) {
    const NetworkFaults& faults = core_.faults.network;
    if (Core::strikes(random_, faults.frame_loss)) {
        core_.fault("frame lost", from.name());
        return;
    }
    int copies = 1;
    if (Core::strikes(random_, faults.frame_duplication)) {
        core_.fault("frame duplicated", from.name());
        copies = 2;
    }
    for (int i = 0; i < copies; i++) {
        Duration delay = Core::between(random_, frame_delay_least, frame_delay_most);
        if (Core::strikes(random_, faults.frame_delay)) {
            core_.fault("frame delayed", from.name());
            delay = delay + Core::between(random_, {}, late_frame_max);
        }
        const uint64_t number = core_.next_number++;
        auto flight = std::make_unique<Flight>(*this, number, to, from, frame);
        flight->at(time + delay);
        flights_.emplace(number, std::move(flight));
    }
}

void EthernetSwitch::land(uint64_t number) {
    const auto found = flights_.find(number);
    const std::unique_ptr<Flight> flight = std::move(found->second);
    flights_.erase(found);
    const auto port = ports_.find(flight->to());
    if (port == ports_.end() || !fabric_.open(flight->from(), port->second->machine()))
        return;
    Bytes frame = flight->take_frame();
    core_.trace.record(core_.now(), TraceKind::frame, flight->to(), frame.size());
    core_.trace.record_bytes(frame);
    if (core_.trace.wanted())
        core_.trace.say(core_.now(), port->second->machine().name(),
                        fmt::format("frame of {} bytes arrives", frame.size()));
    port->second->take(std::move(frame));
}

}  // namespace cairn::sim
