// The whole server in the simulator: what clients are told, and that clients which die, stall or
// lose their network harm nobody.
#include "front/nbd/server.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

#include "base/size.h"
#include "block/fault_device.h"
#include "block/file_device.h"
#include "block/memory_device.h"
#include "block/testing.h"
#include "front/nbd/test_client.h"
#include "runtime/sim/world.h"

namespace cairn::nbd {
namespace {

using block::pattern;
using block::same;

const Address server_address{"10.0.0.1", 10809};
constexpr uint64_t disk_size = 1 * mib;

// What a test wants of the server's program, and what it can see of it.
struct Service {
    ServerLimits limits;
    Duration write_delay{};  // of the device below
    bool stop_wanted = false;
    Server* server = nullptr;  // while it serves
    block::FaultDevice* faults = nullptr;
    std::optional<Code> ended;  // what serve() returned
};

Task<void> stop_when_wanted(Runtime& runtime, const Service& service, Event& stop) {
    while (!service.stop_wanted && !stop.is_set())
        co_await stop.wait_until(runtime.loop.now() + milliseconds(10));
    stop.set();
}

Task<void> serve_memory(Runtime& runtime, Service& service) {
    block::MemoryDevice memory(disk_size);
    block::FaultDevice device(runtime.loop, memory);
    if (service.write_delay.nanoseconds > 0)
        device.add({.kind = block::RequestKind::write, .delay = service.write_delay});
    block::MemoryDevice second(4096 + 5);
    service.faults = &device;
    Event stop(runtime.loop);
    Scope helpers(runtime.loop);
    helpers.spawn(stop_when_wanted(runtime, service, stop));
    Result<std::unique_ptr<Listener>> listener = runtime.network.listen(server_address);
    CHECK(listener.has_value());
    Server server(runtime,
                  {{.name = "disk", .description = "a disk", .device = &device},
                   {.name = "second", .description = {}, .device = &second, .read_only = true}},
                  service.limits);
    service.server = &server;
    Result<void> ended = co_await server.serve(**listener, stop);
    co_await helpers.join();
    service.ended = ended.code();
    service.server = nullptr;
}

class NbdServerTest : public testing::Test {
  protected:
    ~NbdServerTest() override {
        // The server's frames go first: they refer to what is a member here.
        if (server_process_ != nullptr && server_process_->running())
            world_.kill(*server_process_);
    }

    void start_server(Service& service) {
        server_process_ = &world_.start(server_host_, "server", [&service](Runtime& runtime) {
            return serve_memory(runtime, service);
        });
        EXPECT_TRUE(world_.run_until([&service] { return service.server != nullptr; }, seconds(9)));
    }
    sim::Process& start_client(sim::Main main) {
        return world_.start(client_host_, "client", std::move(main));
    }
    void run_client(sim::Main main) {
        sim::Process& process = start_client(std::move(main));
        ASSERT_TRUE(world_.run_until([&process] { return !process.running(); }, seconds(600)));
    }
    void stop_server(Service& service, Duration limit, bool in_time = true) {
        service.stop_wanted = true;
        EXPECT_EQ(world_.run_until([&service] { return service.ended.has_value(); }, limit),
                  in_time);
    }

    sim::World world_{1};
    sim::Machine& server_host_ =
        world_.add_host({.name = "a", .addresses = {"10.0.0.1"}, .disks = {{}}});
    sim::Machine& client_host_ =
        world_.add_host({.name = "b", .addresses = {"10.0.0.2"}, .disks = {{}}});
    sim::Process* server_process_ = nullptr;
    Service service_;
};

Task<TestClient> open_client(Runtime& runtime, std::string name, bool structured) {
    Result<TestClient> client = co_await TestClient::connect(runtime, server_address);
    CHECK_NOTE(client.has_value(), client.error().message());
    Result<void> opened = co_await client->open(std::move(name), structured);
    CHECK_NOTE(opened.has_value(), opened.error().message());
    co_return std::move(client).value();
}

Task<Answer> must_ask(TestClient& client, Command command, uint64_t offset, uint32_t length,
                      uint16_t flags = 0, Buffer payload = {}) {
    Result<Answer> answer = co_await client.ask(command, offset, length, flags, std::move(payload));
    CHECK_NOTE(answer.has_value(), answer.error().message());
    co_return std::move(answer).value();
}

Task<WireError> error_of(TestClient& client, Command command, uint64_t offset, uint32_t length,
                         uint16_t flags = 0, Buffer payload = {}) {
    const Answer answer =
        co_await must_ask(client, command, offset, length, flags, std::move(payload));
    co_return answer.error;
}

Task<void> write_and_read(Runtime& runtime, bool structured) {
    TestClient client = co_await open_client(runtime, "disk", structured);
    EXPECT_EQ(client.size(), disk_size);
    EXPECT_TRUE(client.flags() & can_multi_conn);
    EXPECT_EQ((client.flags() & send_df) != 0, structured);
    const Buffer data = pattern(0, 100'000, 1);
    WireError error = co_await error_of(client, Command::write, 5000, 100'000, fua, data);
    EXPECT_EQ(error, WireError::none);
    Answer answer = co_await must_ask(client, Command::read, 5000, 100'000);
    EXPECT_TRUE(same(answer.content, data.view()));
    error = co_await error_of(client, Command::trim, 8192, 8192);
    EXPECT_EQ(error, WireError::none);
    error = co_await error_of(client, Command::write_zeroes, 16384, 4096, no_hole);
    EXPECT_EQ(error, WireError::none);
    error = co_await error_of(client, Command::flush, 0, 0);
    EXPECT_EQ(error, WireError::none);
    error = co_await error_of(client, Command::cache, 0, disk_size);
    EXPECT_EQ(error, WireError::none);
    answer = co_await must_ask(client, Command::read, 0, 32768);
    EXPECT_TRUE(same(ByteView(answer.content).subspan(8192, 12288), Buffer::zeroed(12288).view()));
    EXPECT_TRUE(same(ByteView(answer.content).subspan(20480), data.view().subspan(15480, 12288)));
    if (structured) {  // zeros to 4096, data from 5000 on, zeros again, data
        EXPECT_EQ(answer.chunks, 4u);
        EXPECT_EQ(answer.hole_bytes, 4096 + 12288u);
    }
}

TEST_F(NbdServerTest, ServesWithSimpleAndWithStructuredReplies) {
    start_server(service_);
    run_client([](Runtime& runtime) { return write_and_read(runtime, false); });
    run_client([](Runtime& runtime) { return write_and_read(runtime, true); });
}

Task<void> unfragmented_and_status(Runtime& runtime) {
    TestClient client = co_await open_client(runtime, "", true);
    WireError error = co_await error_of(client, Command::write, 8192, 4096, 0, pattern(0, 4096, 1));
    EXPECT_EQ(error, WireError::none);
    error = co_await error_of(client, Command::write_zeroes, 12288, 4096, no_hole);
    EXPECT_EQ(error, WireError::none);
    Answer answer = co_await must_ask(client, Command::read, 0, 65536, dont_fragment);
    EXPECT_EQ(answer.chunks, 1u);
    EXPECT_TRUE(same(ByteView(answer.content).subspan(8192, 4096), pattern(0, 4096, 1).view()));
    answer = co_await must_ask(client, Command::block_status, 4096, 65536);
    using block::ExtentKind;
    EXPECT_EQ(answer.extents, (std::vector<block::Extent>{{4096, ExtentKind::hole},
                                                          {4096, ExtentKind::data},
                                                          {4096, ExtentKind::zero},
                                                          {53248, ExtentKind::hole}}));
    answer = co_await must_ask(client, Command::block_status, 8200, 65536, request_one);
    EXPECT_EQ(answer.extents, (std::vector<block::Extent>{{4088, ExtentKind::data}}));
}

TEST_F(NbdServerTest, AnswersUnfragmentedReadsAndBlockStatus) {
    start_server(service_);
    run_client(unfragmented_and_status);
}

Task<void> meet_errors(Runtime& runtime, Service& service) {
    TestClient client = co_await open_client(runtime, "disk", true);
    const Buffer data = pattern(0, 4096, 1);
    WireError error = co_await error_of(client, Command::write, disk_size, 4096, 0, data);
    EXPECT_EQ(error, WireError::no_space);
    error = co_await error_of(client, Command::read, disk_size, 4096);
    EXPECT_EQ(error, WireError::invalid);
    error = co_await error_of(client, static_cast<Command>(77), 0, 0);
    EXPECT_EQ(error, WireError::invalid);
    service.faults->add({.kind = block::RequestKind::read, .count = 1, .failure = Code::io_error});
    Answer answer = co_await must_ask(client, Command::read, 0, 4096);
    EXPECT_EQ(answer.error, WireError::io);
    EXPECT_FALSE(answer.message.empty());
    service.faults->add({.kind = block::RequestKind::write, .count = 1, .failure = Code::no_space});
    error = co_await error_of(client, Command::write, 0, 4096, 0, data);
    EXPECT_EQ(error, WireError::no_space);
    answer = co_await must_ask(client, Command::read, 0, 4096);  // the connection is as it was
    EXPECT_EQ(answer.error, WireError::none);

    TestClient reader = co_await open_client(runtime, "second", false);
    EXPECT_TRUE(reader.flags() & read_only);
    error = co_await error_of(reader, Command::write, 0, 4096, 0, data);
    EXPECT_EQ(error, WireError::not_permitted);
    answer = co_await must_ask(reader, Command::read, 4090, 11);
    EXPECT_EQ(answer.content.size(), 11u);
}

TEST_F(NbdServerTest, TellsErrorsAndGoesOn) {
    start_server(service_);
    run_client([this](Runtime& runtime) { return meet_errors(runtime, service_); });
}

Task<void> fast_behind_slow(Runtime& runtime, Service& service) {
    service.faults->add(
        {.kind = block::RequestKind::read, .length = 4096, .count = 1, .delay = seconds(1)});
    TestClient client = co_await open_client(runtime, "disk", true);
    Result<uint64_t> slow = co_await client.send_request(Command::read, 0, 4096);
    Result<uint64_t> fast = co_await client.send_request(Command::read, 65536, 4096);
    auto first = co_await client.receive();
    auto second = co_await client.receive();
    EXPECT_TRUE(first && first->first == *fast);
    EXPECT_TRUE(second && second->first == *slow);
}

TEST_F(NbdServerTest, AnswersInTheOrderInWhichRequestsEnd) {
    start_server(service_);
    run_client([this](Runtime& runtime) { return fast_behind_slow(runtime, service_); });
}

// A client with a region of its own, many requests in flight, that survives losing its connection:
// a write without an answer is written again before it counts.
struct Worker {
    uint64_t start = 0;
    std::vector<uint8_t> writers = std::vector<uint8_t>(16, 0);  // by block: whose pattern it holds
    int rounds = 0;
    int reconnects = 0;
};

Task<Result<void>> write_all_blocks(TestClient& client, Worker& worker, Xoshiro& generator) {
    std::map<uint64_t, std::pair<size_t, uint8_t>> sent;
    for (size_t i = 0; i < worker.writers.size(); i++) {
        const auto writer = static_cast<uint8_t>(1 + generator.below(255));
        const uint64_t at = worker.start + i * 4096;
        Result<uint64_t> cookie = co_await client.send_request(
            Command::write, at, 4096, generator.below(5) == 0 ? fua : 0, pattern(at, 4096, writer));
        if (!cookie)
            co_return cookie.error();
        sent[*cookie] = {i, writer};
    }
    while (!sent.empty()) {
        auto answer = co_await client.receive();
        if (!answer)
            co_return answer.error();
        EXPECT_EQ(answer->second.error, WireError::none);
        const auto [index, writer] = sent[answer->first];
        worker.writers[index] = writer;
        sent.erase(answer->first);
    }
    co_return Result<void>();
}

Task<Result<void>> read_all_blocks(TestClient& client, const Worker& worker) {
    for (size_t i = 0; i < worker.writers.size(); i++) {
        const uint64_t at = worker.start + i * 4096;
        Result<Answer> answer = co_await client.ask(Command::read, at, 4096);
        if (!answer)
            co_return answer.error();
        EXPECT_TRUE(same(answer->content, pattern(at, 4096, worker.writers[i]).view()));
    }
    co_return Result<void>();
}

Task<Result<void>> work_round(TestClient& client, Worker& worker, Xoshiro& generator) {
    CO_TRY(co_await write_all_blocks(client, worker, generator));
    co_return co_await read_all_blocks(client, worker);
}

Task<void> work(Runtime& runtime, Worker& worker, int rounds) {
    Xoshiro generator(runtime.random.next());
    while (worker.rounds < rounds) {
        Result<TestClient> client = co_await TestClient::connect(runtime, server_address);
        Result<void> going;
        if (client)
            going = co_await client->open("disk", generator.below(2) == 0);
        while (client && going && worker.rounds < rounds) {
            going = co_await work_round(*client, worker, generator);
            if (going)
                worker.rounds++;
        }
        worker.reconnects++;
        co_await Sleep(runtime.loop, milliseconds(10));
    }
}

TEST_F(NbdServerTest, ManyClientsOverABadNetworkReadWhatTheyWrote) {
    sim::FaultPlan plan = sim::FaultPlan::none();
    plan.network.connection_loss = 500;
    plan.network.delay_spike = 5000;
    plan.network.short_read = 100'000;
    plan.network.short_write = 100'000;
    world_.set_faults(plan);
    start_server(service_);
    std::vector<Worker> workers(6);
    std::vector<sim::Process*> processes;
    for (size_t i = 0; i < workers.size(); i++) {
        workers[i].start = i * 16 * 4096;
        processes.push_back(&start_client(
            [&worker = workers[i]](Runtime& runtime) { return work(runtime, worker, 30); }));
    }
    for (sim::Process* process : processes)
        EXPECT_TRUE(world_.run_until([process] { return !process->running(); }, seconds(6000)));
    int reconnects = 0;
    for (const Worker& worker : workers)
        reconnects += worker.reconnects;
    EXPECT_GT(reconnects, 12) << "the network was not bad";
    world_.heal();
    EXPECT_TRUE(
        world_.run_until([this] { return service_.server->connections() == 0; }, seconds(600)));
    stop_server(service_, seconds(60));
    EXPECT_EQ(service_.ended, Code::ok);
}

Task<void> write_for_ever(Runtime& runtime, uint8_t writer) {
    TestClient client = co_await open_client(runtime, "disk", true);
    while (true) {
        while (client.in_flight() < 64) {
            const Buffer data = pattern(0, 65536, writer);
            Result<uint64_t> sent = co_await client.send_request(Command::write, 0, 65536, 0, data);
            CHECK(sent.has_value());
        }
        auto answer = co_await client.receive();
        CHECK(answer.has_value());
    }
}

Task<void> check_blocks(Runtime& runtime, uint8_t writers) {
    TestClient client = co_await open_client(runtime, "disk", false);
    const Answer answer = co_await must_ask(client, Command::read, 0, 65536);
    for (uint64_t at = 0; at < 65536; at += 4096) {
        bool known = false;
        for (uint8_t writer = 1; writer <= writers; writer++)
            known = known || same(ByteView(answer.content).subspan(at, 4096),
                                  pattern(0, 65536, writer).view().subspan(at, 4096));
        EXPECT_TRUE(known) << "block at " << at << " is of no write";
    }
}

TEST_F(NbdServerTest, KilledWritersHarmNobody) {
    service_.write_delay = milliseconds(3);
    start_server(service_);
    for (uint8_t writer = 1; writer <= 8; writer++) {
        sim::Process& victim =
            start_client([writer](Runtime& runtime) { return write_for_ever(runtime, writer); });
        world_.run_for(milliseconds(10 + 7 * writer));
        world_.kill(victim);
    }
    EXPECT_TRUE(
        world_.run_until([this] { return service_.server->connections() == 0; }, seconds(60)));
    run_client([](Runtime& runtime) { return check_blocks(runtime, 8); });
    stop_server(service_, seconds(60));
    EXPECT_EQ(service_.ended, Code::ok);
}

// Writes until the server says that it stops, or hangs up; counts what was acknowledged.
Task<void> write_until_stopped(Runtime& runtime, uint64_t& acknowledged, uint64_t& refused) {
    TestClient client = co_await open_client(runtime, "disk", false);
    for (uint64_t i = 0;; i++) {
        const Buffer data = pattern(i * 4096, 4096, 9);
        Result<Answer> answer = co_await client.ask(Command::write, i % 256 * 4096, 4096, 0, data);
        if (!answer)
            co_return;
        if (answer->error == WireError::none)
            acknowledged++;
        else if (answer->error == WireError::shutdown)
            refused++;
    }
}

TEST_F(NbdServerTest, StoppingEndsWhatIsInFlight) {
    service_.write_delay = seconds(1);
    start_server(service_);
    uint64_t acknowledged = 0;
    uint64_t refused = 0;
    sim::Process& client = start_client(
        [&](Runtime& runtime) { return write_until_stopped(runtime, acknowledged, refused); });
    world_.run_for(milliseconds(2500));
    EXPECT_EQ(acknowledged, 2u);
    stop_server(service_, seconds(5));
    EXPECT_EQ(service_.ended, Code::ok);
    EXPECT_TRUE(world_.run_until([&client] { return !client.running(); }, seconds(10)));
    EXPECT_EQ(acknowledged, 3u) << "the write in flight was answered";
}

TEST_F(NbdServerTest, AFlushThatFailsAtTheEndIsTold) {
    start_server(service_);
    world_.run_for(seconds(1));
    service_.faults->add({.kind = block::RequestKind::flush, .failure = Code::io_error});
    stop_server(service_, seconds(5));
    EXPECT_EQ(service_.ended, Code::io_error);
}

Task<void> ask_and_never_listen(Runtime& runtime, Event& never) {
    TestClient client = co_await open_client(runtime, "disk", false);
    for (int i = 0; i < 200; i++) {
        Result<uint64_t> sent = co_await client.send_request(Command::read, 0, 512 * kib);
        CHECK(sent.has_value());
    }
    co_await never.wait();
}

Task<void> stall(Runtime& runtime) {
    Event never(runtime.loop);
    co_await ask_and_never_listen(runtime, never);
}

TEST_F(NbdServerTest, AClientThatDoesNotListenHoldsUpItselfOnly) {
    service_.limits.connection.in_flight_bytes_max = 2 * mib;
    start_server(service_);
    block::RequestKind kind = block::RequestKind::read;
    start_client(stall);
    world_.run_for(seconds(5));
    service_.faults->add({.kind = kind});  // counts, from now on, what passes
    world_.run_for(seconds(5));
    EXPECT_EQ(service_.faults->hits(), 0u) << "its requests wait, and take no memory meanwhile";
    run_client([](Runtime& runtime) { return write_and_read(runtime, true); });
    EXPECT_TRUE(
        world_.run_until([this] { return service_.server->connections() == 1; }, seconds(5)));
    stop_server(service_, seconds(9), false);  // its grace is ten seconds
    stop_server(service_, seconds(2));
    EXPECT_EQ(service_.ended, Code::ok);
}

Task<void> connect_and_wait(Runtime& runtime, bool& hung_up) {
    Result<TestClient> client = co_await TestClient::connect(runtime, server_address);
    CHECK(client.has_value());
    Bytes greeting(greeting_size + 1);
    Result<void> more = co_await read_exact(client->stream(), greeting);
    hung_up = !more;
}

TEST_F(NbdServerTest, AClientThatSaysNothingIsHungUpOn) {
    start_server(service_);
    bool hung_up = false;
    start_client([&hung_up](Runtime& runtime) { return connect_and_wait(runtime, hung_up); });
    world_.run_for(seconds(29));
    EXPECT_FALSE(hung_up);
    EXPECT_EQ(service_.server->connections(), 1u);
    world_.run_for(seconds(3));
    EXPECT_TRUE(hung_up);
    EXPECT_EQ(service_.server->connections(), 0u);
}

TEST_F(NbdServerTest, StoppingDoesNotWaitForAHandshake) {
    start_server(service_);
    bool hung_up = false;
    start_client([&hung_up](Runtime& runtime) { return connect_and_wait(runtime, hung_up); });
    world_.run_for(seconds(1));
    stop_server(service_, seconds(1));
    EXPECT_EQ(service_.ended, Code::ok);
}

TEST_F(NbdServerTest, TooManyClientsAreHungUpOn) {
    service_.limits.connections_max = 2;
    start_server(service_);
    bool hung_up[3] = {};
    for (bool& each : hung_up) {
        start_client([&each](Runtime& runtime) { return connect_and_wait(runtime, each); });
        world_.run_for(seconds(1));
    }
    EXPECT_FALSE(hung_up[0]);
    EXPECT_FALSE(hung_up[1]);
    EXPECT_TRUE(hung_up[2]);
    EXPECT_EQ(service_.server->connections(), 2u);
}

Task<void> grow_and_look(Runtime& runtime, Service& service) {
    TestClient before = co_await open_client(runtime, "disk", false);
    EXPECT_EQ(before.size(), disk_size);
    // Grown behind the server's back, by whoever owns the device.
    Result<void> grown = co_await service.faults->resize(2 * disk_size);
    EXPECT_TRUE(grown);
    TestClient after = co_await open_client(runtime, "disk", false);
    EXPECT_EQ(after.size(), 2 * disk_size);
    const WireError error =
        co_await error_of(after, Command::write, disk_size, 4096, 0, pattern(0, 4096, 1));
    EXPECT_EQ(error, WireError::none);
}

TEST_F(NbdServerTest, ADiskThatGrewIsSeenByNewConnections) {
    start_server(service_);
    run_client([this](Runtime& runtime) { return grow_and_look(runtime, service_); });
}

}  // namespace
}  // namespace cairn::nbd
