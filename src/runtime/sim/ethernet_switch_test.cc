// The simulated Ethernet: who gets a frame, and what may happen to it on the way.
#include "runtime/sim/ethernet_switch.h"

#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "runtime/sim/program_for_test.h"

namespace cairn::sim {
namespace {

struct Station {
    std::vector<std::string> received;
    MacAddress mac;
};

Bytes frame_for(const MacAddress& to, const MacAddress& from, const std::string& payload) {
    Bytes frame;
    ByteWriter writer(frame);
    writer.put_raw(std::as_bytes(std::span(to.bytes)));
    writer.put_raw(std::as_bytes(std::span(from.bytes)));
    writer.put<uint16_t>(0xA288);
    writer.put_raw(bytes_of(payload));
    return frame;
}

Task<void> listen(std::unique_ptr<EthernetPort> port, Station& station) {
    station.mac = port->mac();
    while (true) {
        const Result<Bytes> frame = co_await port->receive();
        if (!frame)
            co_return;
        station.received.emplace_back(text_of(ByteView(*frame).subspan(ethernet_header_size)));
    }
}

Task<void> send_numbers(std::unique_ptr<EthernetPort> port, Runtime& runtime, MacAddress to,
                        int count) {
    for (int i = 0; i < count; i++) {
        const Bytes frame = frame_for(to, port->mac(), std::to_string(i));
        const std::array<ByteView, 1> slices{ByteView(frame)};
        const Result<void> sent = port->send(slices);
        CHECK(sent.has_value());
        co_await Sleep(runtime.loop, microseconds(100));
    }
    const Bytes large(ethernet_header_size + port->mtu() + 1);
    const std::array<ByteView, 1> slices{ByteView(large)};
    const Result<void> refused = port->send(slices);
    EXPECT_EQ(refused.code(), Code::too_large);
    port->close();
    const Result<Bytes> closed = co_await port->receive();
    EXPECT_EQ(closed.code(), Code::cancelled);
}

class Lan {
  public:
    explicit Lan(const NetworkFaults& faults) : world(1) {
        FaultPlan plan;
        plan.network = faults;
        world.set_faults(plan);
        for (Station* station : {&first, &second}) {
            Machine& host = add_host(world, station == &first ? "b" : "c",
                                     station == &first ? "10.0.0.2" : "10.0.0.3");
            world.start(host, "station", ProcessOptions(), [this, station](Process& self) {
                return listen(world.open_ethernet_port(self), *station);
            });
        }
        world.run_for(seconds(1));
    }
    void send(const MacAddress& to, int count) {
        const Process& sender =
            world.start(from, "sender", ProcessOptions(), [this, to, count](Process& self) {
                return send_numbers(world.open_ethernet_port(self), self.runtime(), to, count);
            });
        EXPECT_TRUE(world.run_until([&] { return !sender.running(); }, seconds(100)));
        world.run_for(seconds(1));
    }

    World world;
    Machine& from = add_host(world, "a", "10.0.0.1");
    Station first;
    Station second;
};

constexpr MacAddress broadcast{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};

TEST(Ethernet, FramesGoToTheirPortOrToAll) {
    Lan lan({});
    lan.send(lan.first.mac, 3);
    EXPECT_EQ(lan.first.received, (std::vector<std::string>{"0", "1", "2"}));
    EXPECT_TRUE(lan.second.received.empty());
    lan.send(broadcast, 2);
    EXPECT_EQ(lan.first.received.size(), 5u);
    EXPECT_EQ(lan.second.received, (std::vector<std::string>{"0", "1"}));
    lan.world.partition({&lan.from}, {lan.world.hosts()[1].get()});
    lan.send(broadcast, 1);
    EXPECT_EQ(lan.first.received.size() + lan.second.received.size(), 8u);
}

TEST(Ethernet, FramesAreLost) {
    Lan lan({.frame_loss = 100'000});
    lan.send(lan.first.mac, 1000);
    EXPECT_EQ(lan.first.received.size() + lan.world.probe("frame lost"), 1000u);
    EXPECT_GT(lan.world.probe("frame lost"), 50u);
}

TEST(Ethernet, FramesAreRepeated) {
    Lan lan({.frame_duplication = 100'000});
    lan.send(lan.first.mac, 1000);
    EXPECT_EQ(lan.first.received.size(), 1000 + lan.world.probe("frame duplicated"));
    EXPECT_GT(lan.world.probe("frame duplicated"), 50u);
}

TEST(Ethernet, FramesOvertakeEachOther) {
    Lan lan({.frame_delay = 100'000});
    lan.send(lan.first.mac, 1000);
    EXPECT_EQ(lan.first.received.size(), 1000u);
    int overtaken = 0;
    for (size_t i = 1; i < lan.first.received.size(); i++)
        overtaken += std::stoi(lan.first.received[i]) < std::stoi(lan.first.received[i - 1]);
    EXPECT_GT(overtaken, 20);
    EXPECT_GT(lan.world.probe("frame delayed"), 50u);
}

}  // namespace
}  // namespace cairn::sim
