// Simulated streams as programs see them, and each fault of the network.
#include "runtime/sim/sim_network.h"

#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "runtime/sim/program_for_test.h"

namespace cairn::sim {
namespace {

constexpr uint32_t tenth = 100'000;

// What a program saw, step by step.
using Notes = std::vector<std::string>;

std::string note_of(const Result<size_t>& result) {
    return result ? std::to_string(*result) : std::string(name_of(result.code()));
}

Task<Result<void>> send(Stream& stream, std::string text) {
    const std::array<ByteView, 1> slices{bytes_of(text)};
    Result<void> written = co_await write_all(stream, slices);
    co_return written;
}

// Accepts one connection and notes what it reads until it ends.
Task<void> listen_and_read(Runtime& runtime, Address at, Notes& notes) {
    auto listener = runtime.network.listen(at);
    CHECK(listener.has_value());
    auto stream = co_await (*listener)->accept();
    CHECK(stream.has_value());
    notes.push_back("accepted");
    Bytes buffer(100);
    while (true) {
        const Result<size_t> count = co_await (*stream)->read(buffer);
        if (!count || *count == 0) {
            notes.push_back(note_of(count));
            co_return;
        }
        notes.emplace_back(text_of(ByteView(buffer).first(*count)));
    }
}

Task<void> connect_and_send(Runtime& runtime, Address to, Notes& notes, Duration stay) {
    auto stream = co_await runtime.network.connect(to, seconds(5));
    notes.emplace_back(name_of(stream.code()));
    if (!stream)
        co_return;
    Result<void> sent = co_await send(**stream, "hello");
    notes.emplace_back(name_of(sent.code()));
    co_await Sleep(runtime.loop, stay);
    sent = co_await send(**stream, "again");
    notes.emplace_back(name_of(sent.code()));
    Bytes buffer(100);
    const Result<size_t> count = co_await (*stream)->read(buffer);
    notes.push_back(note_of(count));
}

class SimNetworkTest : public ::testing::Test {
  protected:
    Process& serve(const Address& at) {
        return world_.start(a_, "server",
                            [at, this](Runtime& r) { return listen_and_read(r, at, server_); });
    }
    Process& call(Machine& from, const Address& to, Duration stay = {}) {
        return world_.start(from, "client", [to, stay, this](Runtime& r) {
            return connect_and_send(r, to, client_, stay);
        });
    }

    World world_{1};
    Machine& a_ = add_host(world_, "a", "10.0.0.1");
    Machine& b_ = add_host(world_, "b", "10.0.0.2");
    Notes server_;
    Notes client_;
    Address at_{"10.0.0.1", 7000};
};

TEST_F(SimNetworkTest, BytesArriveAndThenTheEnd) {
    serve(at_);
    world_.run_for(seconds(1));
    Process& client = call(b_, at_, seconds(1));
    world_.run_for(milliseconds(500));
    EXPECT_EQ(server_, (Notes{"accepted", "hello"}));
    world_.run_for(seconds(3));
    EXPECT_EQ(server_.back(), "again");
    EXPECT_EQ(client_, (Notes{"ok", "ok", "ok"}));
    EXPECT_TRUE(client.running());  // it waits for an answer for ever
    world_.kill(client);
    world_.run_for(seconds(1));
    EXPECT_TRUE(server_.back() == "0" || server_.back() == "connection_lost");
}

TEST_F(SimNetworkTest, NobodyThereNobodyKnownNobodyUp) {
    call(b_, at_);
    world_.run_for(seconds(1));
    EXPECT_EQ(client_, (Notes{"unavailable"}));
    call(b_, {"10.9.9.9", 1});
    world_.run_for(seconds(1));
    EXPECT_EQ(client_, (Notes{"unavailable", "unavailable"}));
    world_.cut_power(a_);
    call(b_, at_);
    world_.run_for(seconds(4));
    EXPECT_EQ(client_.size(), 2u);
    world_.run_for(seconds(2));
    EXPECT_EQ(client_.back(), "timed_out");
    EXPECT_EQ(world_.probe("connect timed out"), 1u);
}

TEST_F(SimNetworkTest, ConnectingGoesOnUntilThePartitionEnds) {
    serve(at_);
    world_.partition({&a_}, {&b_});
    call(b_, at_);
    world_.run_for(seconds(2));
    EXPECT_TRUE(client_.empty());
    world_.heal_network();
    world_.run_for(seconds(3));
    EXPECT_EQ(client_.front(), "ok");
}

TEST_F(SimNetworkTest, UnixSocketsAndLoopbackStayOnTheirHost) {
    for (const Address& at : {Address{"/run/socket", 0}, Address{"127.0.0.1", 80}}) {
        Process& server = serve(at);
        world_.run_for(seconds(1));
        call(b_, at);
        world_.run_for(seconds(1));
        EXPECT_EQ(client_, (Notes{"unavailable"}));
        client_.clear();
        Process& client = call(a_, at);
        world_.run_for(seconds(1));
        EXPECT_EQ(server_.at(0), "accepted");
        EXPECT_EQ(client_.at(0), "ok");
        world_.kill(server);
        world_.kill(client);
        server_.clear();
        client_.clear();
    }
}

Task<void> listen_everywhere(Runtime& runtime) {
    Network& network = runtime.network;
    const auto first = network.listen({"10.0.0.1", 7000});
    EXPECT_TRUE(first);
    EXPECT_EQ(network.listen({"10.0.0.1", 7000}).code(), Code::busy);
    EXPECT_EQ(network.listen({"0.0.0.0", 7000}).code(), Code::busy);
    EXPECT_EQ(network.listen({"10.0.0.2", 7000}).code(), Code::invalid_argument);
    const auto chosen = network.listen({"10.0.0.1", 0});
    EXPECT_NE((*chosen)->address().port, 0);
    EXPECT_NE((*chosen)->address().port, 7000);
    (*first)->close();
    const auto again = network.listen({"0.0.0.0", 7000});
    EXPECT_TRUE(again);
    co_await Sleep(runtime.loop, seconds(1));
}

TEST_F(SimNetworkTest, OneListenerAnAddress) {
    run_program(world_, a_, [](Runtime& runtime) { return listen_everywhere(runtime); });
    run_program(world_, a_, [](Runtime& runtime) { return listen_everywhere(runtime); });
}

TEST_F(SimNetworkTest, APartitionHoldsDataAndThenBreaksTheConnection) {
    serve(at_);
    world_.run_for(milliseconds(100));
    call(b_, at_, seconds(1));
    world_.run_for(milliseconds(500));
    world_.partition({&a_}, {&b_});
    world_.run_for(seconds(5));
    EXPECT_EQ(server_, (Notes{"accepted", "hello"}));
    EXPECT_EQ(client_, (Notes{"ok", "ok", "ok"}));  // the kernel took it
    world_.run_for(seconds(60));
    EXPECT_EQ(client_.back(), "timed_out");
    EXPECT_EQ(server_, (Notes{"accepted", "hello"}));  // half open: it waits and will wait
    EXPECT_GT(world_.probe("partition held"), 0u);
    EXPECT_GT(world_.probe("retransmission limit"), 0u);
}

TEST_F(SimNetworkTest, HeldDataArrivesWhenThePartitionEndsInTime) {
    serve(at_);
    world_.run_for(milliseconds(100));
    call(b_, at_, seconds(1));
    world_.run_for(milliseconds(500));
    world_.block(b_, a_);
    world_.run_for(seconds(5));
    EXPECT_EQ(server_.size(), 2u);
    world_.heal_network();
    world_.run_for(seconds(2));
    EXPECT_EQ(server_, (Notes{"accepted", "hello", "again"}));
}

TEST_F(SimNetworkTest, AfterAPowerCutTheOtherEndLearnsWhenItWrites) {
    serve(at_);
    world_.run_for(milliseconds(100));
    call(b_, at_, seconds(5));
    world_.run_for(milliseconds(500));
    world_.cut_power(a_);
    world_.run_for(seconds(1));
    world_.power_on(a_);
    world_.run_for(seconds(2));
    EXPECT_EQ(client_, (Notes{"ok", "ok"}));
    world_.run_for(seconds(10));
    EXPECT_EQ(client_, (Notes{"ok", "ok", "ok", "connection_lost"}));
    EXPECT_GT(world_.probe("half-open end"), 0u);
}

TEST_F(SimNetworkTest, BothEndsOfALostConnectionLearnIt) {
    serve(at_);
    world_.run_for(milliseconds(100));
    call(b_, at_, seconds(10));
    world_.run_for(milliseconds(500));
    world_.lose_connections(b_, a_);
    world_.run_for(seconds(20));
    EXPECT_TRUE(server_.back() == "connection_lost" || server_.back() == "timed_out");
    EXPECT_TRUE(client_.back() == "connection_lost" || client_.back() == "timed_out");
    EXPECT_EQ(world_.probe("connection lost"), 1u);
}

// ---- closing ----

Task<void> read_until_closed(Stream& stream, Notes& notes) {
    Bytes buffer(10);
    const Result<size_t> count = co_await stream.read(buffer);
    notes.push_back("read " + note_of(count));
}

Task<void> accept_until_closed(Listener& listener, Notes& notes) {
    const auto stream = co_await listener.accept();
    notes.push_back("accept " + std::string(name_of(stream.code())));
}

Task<void> close_under_waits(Runtime& runtime, Notes& notes) {
    auto listener = runtime.network.listen({"10.0.0.1", 7000});
    auto stream = co_await runtime.network.connect({"10.0.0.1", 7000}, seconds(1));
    auto accepted = co_await (*listener)->accept();
    Scope scope(runtime.loop);
    scope.spawn(read_until_closed(**stream, notes));
    scope.spawn(accept_until_closed(**listener, notes));
    co_await Sleep(runtime.loop, seconds(1));
    EXPECT_TRUE(notes.empty());
    (*stream)->close();
    (*listener)->close();
    (*stream)->close();
    co_await scope.join();
    co_await read_until_closed(**stream, notes);
    const auto refused = co_await runtime.network.connect({"10.0.0.1", 7000}, seconds(1));
    notes.emplace_back(name_of(refused.code()));
    co_await read_until_closed(**accepted, notes);
}

TEST_F(SimNetworkTest, ClosingEndsWhatWaits) {
    run_program(world_, a_, [this](Runtime& r) { return close_under_waits(r, client_); });
    std::sort(client_.begin(), client_.begin() + 2);
    EXPECT_EQ(client_, (Notes{"accept cancelled", "read cancelled", "read cancelled", "unavailable",
                              "read 0"}));
}

// ---- flow ----

struct Flow {
    uint64_t written = 0;
    uint64_t read = 0;
    bool reading = false;
};

Task<void> pour(Runtime& runtime, Address to, Flow& flow) {
    auto stream = co_await runtime.network.connect(to, seconds(5));
    CHECK(stream.has_value());
    const Bytes bytes(100'000, std::byte{1});
    const std::array<ByteView, 1> slices{ByteView(bytes)};
    while (true) {
        const Result<size_t> count = co_await (*stream)->write(slices);
        CHECK(count.has_value());
        flow.written += *count;
    }
}

Task<void> drain_later(Runtime& runtime, Address at, Flow& flow) {
    auto listener = runtime.network.listen(at);
    auto stream = co_await (*listener)->accept();
    while (!flow.reading)
        co_await Sleep(runtime.loop, milliseconds(10));
    Bytes buffer(64 * kib);
    while (true) {
        const Result<size_t> count = co_await (*stream)->read(buffer);
        CHECK(count.has_value());
        flow.read += *count;
    }
}

TEST_F(SimNetworkTest, AWriterWaitsForAReaderThatDoesNotRead) {
    Flow flow;
    world_.start(a_, "server", [this, &flow](Runtime& r) { return drain_later(r, at_, flow); });
    world_.run_for(milliseconds(100));
    world_.start(b_, "client", [this, &flow](Runtime& r) { return pour(r, at_, flow); });
    world_.run_for(seconds(10));
    EXPECT_GE(flow.written, 64 * kib);
    EXPECT_LE(flow.written, 256 * kib);
    EXPECT_GT(world_.probe("write waits for reader"), 0u);
    flow.reading = true;
    world_.run_for(seconds(1));
    EXPECT_GT(flow.read, 10 * mib);
    EXPECT_LE(flow.written - flow.read, 512 * kib);
}

// Sends numbered messages; the reader checks the order and notes how they came.
struct Pieces {
    uint64_t reads = 0;
    uint64_t short_writes = 0;
    uint64_t bytes = 0;
    Duration longest_gap;
};

Task<void> send_pattern(Runtime& runtime, Address to, Pieces& pieces) {
    auto stream = co_await runtime.network.connect(to, seconds(5));
    CHECK(stream.has_value());
    uint8_t next = 0;
    for (int i = 0; i < 500; i++) {
        Bytes bytes(1000);
        for (std::byte& byte : bytes)
            byte = static_cast<std::byte>(next++);
        ByteView rest(bytes);
        while (!rest.empty()) {
            const std::array<ByteView, 1> slices{rest};
            const Result<size_t> count = co_await (*stream)->write(slices);
            CHECK(count.has_value());
            pieces.short_writes += *count < rest.size() ? 1 : 0;
            rest = rest.subspan(*count);
        }
        co_await Sleep(runtime.loop, milliseconds(1));
    }
}

Task<void> read_pattern(Runtime& runtime, Address at, Pieces& pieces) {
    auto listener = runtime.network.listen(at);
    auto stream = co_await (*listener)->accept();
    CHECK(stream.has_value());
    uint8_t next = 0;
    Bytes buffer(4000);
    Instant last = runtime.loop.now();
    while (true) {
        const Result<size_t> count = co_await (*stream)->read(buffer);
        CHECK(count.has_value());
        if (*count == 0)
            co_return;
        pieces.longest_gap = std::max(pieces.longest_gap, runtime.loop.now() - last);
        last = runtime.loop.now();
        pieces.reads++;
        for (const std::byte byte : ByteView(buffer).first(*count)) {
            CHECK(byte == static_cast<std::byte>(next));
            next++;
        }
        pieces.bytes += *count;
    }
}

Pieces run_pattern(const NetworkFaults& faults, std::string_view probe) {
    FaultPlan plan;
    plan.network = faults;
    World world(3, plan);
    Machine& a = add_host(world, "a", "10.0.0.1");
    Machine& b = add_host(world, "b", "10.0.0.2");
    Pieces pieces;
    const Address at{"10.0.0.1", 7000};
    const Process& server =
        world.start(a, "server", [at, &pieces](Runtime& r) { return read_pattern(r, at, pieces); });
    world.run_for(milliseconds(100));
    world.start(b, "client", [at, &pieces](Runtime& r) { return send_pattern(r, at, pieces); });
    EXPECT_TRUE(world.run_until([&] { return !server.running(); }, seconds(1000)));
    EXPECT_EQ(pieces.bytes, 500'000u);
    EXPECT_EQ(world.probe(probe) > 0, !probe.empty());
    return pieces;
}

TEST(NetworkFaults, ShortReadsAndWritesAndDelaysKeepTheOrder) {
    const Pieces plain = run_pattern({}, "");
    EXPECT_EQ(plain.short_writes, 0u);
    EXPECT_LT(plain.longest_gap, milliseconds(20));
    EXPECT_GT(run_pattern({.short_read = tenth}, "short stream read").reads, plain.reads);
    EXPECT_GT(run_pattern({.short_write = tenth}, "short stream write").short_writes, 20u);
    EXPECT_GT(run_pattern({.delay_spike = tenth}, "delay spike").longest_gap, milliseconds(50));
}

TEST_F(SimNetworkTest, AConnectMayBeRefusedForNoReason) {
    FaultPlan plan;
    plan.network.connect_refused = 1'000'000;
    world_.set_faults(plan);
    serve(at_);
    world_.run_for(milliseconds(100));
    call(b_, at_);
    world_.run_for(seconds(1));
    EXPECT_EQ(client_, (Notes{"unavailable"}));
    EXPECT_EQ(world_.probe("connect refused"), 1u);
}

}  // namespace
}  // namespace cairn::sim
