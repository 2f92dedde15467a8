// Streams over TCP and Unix sockets.
#include "runtime/real/stream.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/buffer.h"
#include "base/size.h"
#include "runtime/real/call.h"
#include "runtime/real/test_machine.h"

namespace cairn::real {
namespace {

Bytes pattern(size_t size, size_t seed) {
    Bytes bytes(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = static_cast<std::byte>(i * 131 + i / 253 + seed);
    return bytes;
}

Task<void> echo(std::unique_ptr<Stream> stream, int& closed) {
    Bytes buffer(64 * kib);
    while (true) {
        const Result<size_t> count = co_await stream->read(buffer);
        if (!count || *count == 0)
            break;
        const std::array<ByteView, 1> slices{ByteView(buffer).first(*count)};
        const Result<void> written = co_await write_all(*stream, slices);
        if (!written)
            break;
    }
    closed++;
}

// Serves until its listener is closed.
Task<void> serve_echo(Runtime& runtime, Listener& listener, int& closed) {
    Scope scope(runtime.loop);
    while (true) {
        auto stream = co_await listener.accept();
        if (!stream) {
            EXPECT_EQ(stream.code(), Code::cancelled);
            break;
        }
        scope.spawn(echo(std::move(*stream), closed));
    }
    co_await scope.join();
}

Task<void> send_pattern(Stream& stream, const Bytes& content) {
    const std::array<ByteView, 2> slices{ByteView(content).first(content.size() / 3),
                                         ByteView(content).subspan(content.size() / 3)};
    const Result<void> written = co_await write_all(stream, slices);
    EXPECT_TRUE(written.has_value());
}

Task<void> exchange(Runtime& runtime, Address to, size_t size, size_t seed, int& good) {
    auto stream = co_await runtime.network.connect(to, seconds(10));
    if (!stream) {
        ADD_FAILURE() << stream.error().message();
        co_return;
    }
    EXPECT_EQ((*stream)->peer(), to);
    const Bytes content = pattern(size, seed);
    Bytes back(size);
    Scope scope(runtime.loop);
    scope.spawn(send_pattern(**stream, content));
    const Result<void> received = co_await read_exact(**stream, back);
    co_await scope.join();
    if (received && back == content)
        good++;
}

Task<void> exchange_many(Runtime& runtime, Address at, int connections, size_t size, int& good,
                         int& closed) {
    auto listener = runtime.network.listen(at);
    if (!listener) {
        ADD_FAILURE() << listener.error().message();
        co_return;
    }
    Scope server(runtime.loop);
    server.spawn(serve_echo(runtime, **listener, closed));
    Scope clients(runtime.loop);
    for (int i = 0; i < connections; i++)
        clients.spawn(
            exchange(runtime, (*listener)->address(), size, static_cast<size_t>(i), good));
    co_await clients.join();
    (*listener)->close();
    co_await server.join();
}

class Streams : public testing::TestWithParam<const char*> {
  public:
    [[nodiscard]] Address address(TestMachine& machine) const {
        return GetParam()[0] == '/' ? Address{machine.path("socket"), 0} : Address{GetParam(), 0};
    }
};

INSTANTIATE_TEST_SUITE_P(All, Streams, testing::Values("127.0.0.1", "127.9.8.7", "::1", "/unix"));

TEST_P(Streams, ManyConnectionsEchoAtOnce) {
    TestMachine machine;
    int good = 0;
    int closed = 0;
    machine.run(exchange_many(machine.runtime(), address(machine), 200, 20'000, good, closed));
    EXPECT_EQ(good, 200);
    EXPECT_EQ(closed, 200);
}

TEST_P(Streams, LargeMessagesArriveWhole) {
    TestMachine machine;
    int good = 0;
    int closed = 0;
    machine.run(exchange_many(machine.runtime(), address(machine), 3, 4 * mib, good, closed));
    EXPECT_EQ(good, 3);
}

struct Pair {
    std::unique_ptr<Listener> listener;
    std::unique_ptr<Stream> near;
    std::unique_ptr<Stream> far;
};

Task<void> make_pair(Runtime& runtime, Address at, Pair& pair) {
    auto listener = runtime.network.listen(at);
    CHECK(listener.has_value());
    pair.listener = std::move(*listener);
    auto near = co_await runtime.network.connect(pair.listener->address(), seconds(5));
    CHECK(near.has_value());
    pair.near = std::move(*near);
    auto far = co_await pair.listener->accept();
    CHECK(far.has_value());
    pair.far = std::move(*far);
}

Task<void> read_one(Stream& stream, Code& code, size_t& count) {
    std::byte byte{};
    const Result<size_t> result = co_await stream.read({&byte, 1});
    code = result.code();
    if (result)
        count = *result;
}

Task<void> write_much(Stream& stream, Code& code) {
    const Bytes content(16 * mib);
    const std::array<ByteView, 1> slices{ByteView(content)};
    const Result<void> result = co_await write_all(stream, slices);
    code = result.code();
}

Task<void> close_while_busy(Runtime& runtime, Address at) {
    Pair pair;
    co_await make_pair(runtime, at, pair);
    Code read_code = Code::ok;
    Code write_code = Code::ok;
    Code far_code = Code::cancelled;
    size_t count = 99;
    size_t far_count = 99;
    Scope scope(runtime.loop);
    scope.spawn(read_one(*pair.near, read_code, count));
    scope.spawn(write_much(*pair.near, write_code));
    co_await Sleep(runtime.loop, milliseconds(20));
    EXPECT_EQ(scope.running(), 2u);
    pair.near->close();
    pair.near->close();  // idempotent
    co_await scope.join();
    EXPECT_EQ(read_code, Code::cancelled);
    EXPECT_EQ(write_code, Code::cancelled);

    co_await read_one(*pair.near, read_code, count);
    EXPECT_EQ(read_code, Code::cancelled);
    Bytes rest(32 * mib);  // what had left before the close, and then the end
    const Result<void> drained = co_await read_exact(*pair.far, rest);
    EXPECT_EQ(drained.code(), Code::connection_lost);
    co_await write_much(*pair.far, far_code);
    EXPECT_EQ(far_code, Code::connection_lost);
    EXPECT_EQ(far_count, 99u);
}

TEST_P(Streams, CloseEndsWhatWaits) {
    TestMachine machine;
    machine.run(close_while_busy(machine.runtime(), address(machine)));
}

Task<void> end_of_stream(Runtime& runtime, Address at) {
    Pair pair;
    co_await make_pair(runtime, at, pair);
    pair.near.reset();
    Code code = Code::cancelled;
    size_t count = 99;
    co_await read_one(*pair.far, code, count);
    EXPECT_EQ(code, Code::ok);
    EXPECT_EQ(count, 0u);
}

TEST_P(Streams, TheEndReadsAsNothing) {
    TestMachine machine;
    machine.run(end_of_stream(machine.runtime(), address(machine)));
}

Task<void> write_slices(Stream& stream, const Bytes& content) {
    std::vector<ByteView> slices;
    for (size_t i = 0; i < content.size(); i += 3)
        slices.push_back(ByteView(content).subspan(i, std::min<size_t>(3, content.size() - i)));
    const Result<void> written = co_await write_all(stream, slices);
    EXPECT_TRUE(written.has_value());
}

Task<void> many_slices(Runtime& runtime, Address at, bool& good) {
    Pair pair;
    co_await make_pair(runtime, at, pair);
    const Bytes content = pattern(10'000, 9);
    Bytes back(content.size());
    Scope scope(runtime.loop);
    scope.spawn(write_slices(*pair.near, content));
    const Result<void> received = co_await read_exact(*pair.far, back);
    co_await scope.join();
    good = received.has_value() && back == content;
}

TEST_P(Streams, TakeMoreSlicesThanTheKernelDoes) {
    TestMachine machine;
    bool good = false;
    machine.run(many_slices(machine.runtime(), address(machine), good));
    EXPECT_TRUE(good);
}

Task<void> accept_one(Listener& listener, Code& code) {
    const auto stream = co_await listener.accept();
    code = stream.code();
}

Task<void> close_listener(Runtime& runtime, Address at) {
    auto first = runtime.network.listen(at);
    CHECK(first.has_value());
    const Address address = (*first)->address();
    Code code = Code::ok;
    Scope scope(runtime.loop);
    scope.spawn(accept_one(**first, code));
    co_await Sleep(runtime.loop, milliseconds(5));
    (*first)->close();
    const auto third = runtime.network.listen(address);  // free at once
    EXPECT_TRUE(third.has_value());
    co_await scope.join();
    EXPECT_EQ(code, Code::cancelled);
    co_await accept_one(**first, code);
    EXPECT_EQ(code, Code::cancelled);
}

TEST_P(Streams, AClosedListenerFreesItsAddress) {
    TestMachine machine;
    machine.run(close_listener(machine.runtime(), address(machine)));
}

TEST_P(Streams, AnAddressInUseIsBusy) {
    TestMachine machine;
    const auto first = machine.runtime().network.listen(address(machine));
    ASSERT_TRUE(first.has_value());
    const Address where = (*first)->address();
    const auto second = machine.runtime().network.listen(where);
    ASSERT_EQ(second.code(), Code::busy);
    EXPECT_EQ(second.error().message(),
              to_string(where) + ": address already in use: another program listens there");
}

Task<void> connect_to_nobody(Runtime& runtime, Address at) {
    Address address;
    {
        auto listener = runtime.network.listen(at);
        CHECK(listener.has_value());
        address = (*listener)->address();
    }
    const auto stream = co_await runtime.network.connect(address, seconds(5));
    EXPECT_EQ(stream.code(), Code::unavailable);
    EXPECT_TRUE(stream.error().message().starts_with(to_string(address)));
}

TEST_P(Streams, NobodyThereIsUnavailable) {
    TestMachine machine;
    machine.run(connect_to_nobody(machine.runtime(), address(machine)));
}

// A socket that listens and never accepts, with the smallest queue: once that is full, connecting
// to it takes for ever.
class DeafListener {
  public:
    explicit DeafListener(const sockaddr* address, socklen_t size)
        : descriptor_(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        CHECK(::bind(descriptor_.number(), address, size) == 0);
        CHECK(::listen(descriptor_.number(), 0) == 0);
    }
    [[nodiscard]] int number() const { return descriptor_.number(); }

  private:
    Descriptor descriptor_;
};

Task<void> connect_until_full(Runtime& runtime, Address to, Duration timeout, Code& last) {
    std::vector<std::unique_ptr<Stream>> streams;
    last = Code::ok;
    while (last == Code::ok && streams.size() < 20) {
        auto stream = co_await runtime.network.connect(to, timeout);
        last = stream.code();
        if (stream)
            streams.push_back(std::move(*stream));
    }
}

TEST(RealNetwork, ConnectingToAFullTcpListenerTimesOut) {
    TestMachine machine;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const DeafListener deaf(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    ASSERT_EQ(::getsockname(deaf.number(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    Code last = Code::ok;
    const Instant start = monotonic_now();
    machine.run(connect_until_full(machine.runtime(), {"127.0.0.1", ntohs(address.sin_port)},
                                   milliseconds(150), last));
    EXPECT_EQ(last, Code::timed_out);
    EXPECT_LT((monotonic_now() - start).milliseconds(), 3000);
    EXPECT_EQ(machine.reactor().in_flight(), 0u);
}

TEST(RealNetwork, ConnectingToAFullUnixListenerTimesOut) {
    TestMachine machine;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    machine.path("deaf").copy(address.sun_path, sizeof address.sun_path - 1);
    const DeafListener deaf(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    Code last = Code::ok;
    const Instant start = monotonic_now();
    machine.run(
        connect_until_full(machine.runtime(), {machine.path("deaf"), 0}, milliseconds(150), last));
    EXPECT_EQ(last, Code::timed_out);
    EXPECT_LT((monotonic_now() - start).milliseconds(), 3000);
    EXPECT_EQ(machine.reactor().in_flight(), 0u);
}

TEST(RealNetwork, AStaleUnixSocketIsReplacedAndNothingElseIs) {
    TestMachine machine;
    Network& network = machine.runtime().network;
    const std::string path = machine.path("socket");
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        const DeafListener dead(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    ASSERT_TRUE(std::filesystem::exists(path));
    {
        const auto listener = network.listen({path, 0});
        EXPECT_TRUE(listener.has_value());
        EXPECT_EQ(network.listen({path, 0}).code(), Code::busy);
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    std::filesystem::create_directory(path);
    EXPECT_EQ(network.listen({path, 0}).code(), Code::busy);
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(RealNetwork, RefusesAddressesThatCannotBe) {
    TestMachine machine;
    Network& network = machine.runtime().network;
    EXPECT_EQ(network.listen({"/" + std::string(200, 'x'), 0}).code(), Code::invalid_argument);
    EXPECT_EQ(network.listen({"example.org", 80}).code(), Code::invalid_argument);
    EXPECT_EQ(network.listen({"192.0.2.1", 80}).code(), Code::invalid_argument);
}

TEST(RealNetwork, ChoosesAFreePort) {
    TestMachine machine;
    const auto first = machine.runtime().network.listen({"127.0.0.1", 0});
    const auto second = machine.runtime().network.listen({"127.0.0.1", 0});
    ASSERT_TRUE(first.has_value() && second.has_value());
    EXPECT_NE((*first)->address().port, 0);
    EXPECT_NE((*first)->address(), (*second)->address());
}

// A send buffer that holds a few KiB only.
Task<void> short_writes(Runtime& runtime, Reactor& reactor, bool& good) {
    int sockets[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
    const int size = 1;
    CHECK(::setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
    RealStream near(reactor, Descriptor(sockets[0]), {"/near", 0}, {"/far", 0});
    RealStream far(reactor, Descriptor(sockets[1]), {"/far", 0}, {"/near", 0});
    const Bytes content = pattern(1 * mib, 4);
    Bytes back(content.size());
    Scope scope(runtime.loop);
    scope.spawn(write_slices(near, content));
    const Result<void> received = co_await read_exact(static_cast<Stream&>(far), back);
    co_await scope.join();
    good = received.has_value() && back == content;
}

TEST(RealStream, SmallSendBuffersOnlySlowItDown) {
    TestMachine machine;
    bool good = false;
    machine.run(short_writes(machine.runtime(), machine.reactor(), good));
    EXPECT_TRUE(good);
}

}  // namespace
}  // namespace cairn::real
