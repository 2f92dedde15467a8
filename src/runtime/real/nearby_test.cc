// The short way between programs of one host, and when it is not taken.
#include "runtime/real/nearby.h"

#include <array>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/buffer.h"
#include "base/size.h"
#include "runtime/real/socket_address.h"
#include "runtime/real/test_machine.h"

namespace cairn::real {
namespace {

// A TCP address of this host that nobody else has while this lives.
class TakenAddress {
  public:
    explicit TakenAddress(TestMachine& machine, std::string host = "127.0.0.1") {
        auto listener = machine.runtime().network.listen({std::move(host), 0});
        CHECK(listener.has_value());
        listener_ = std::move(*listener);
    }
    [[nodiscard]] const Address& get() const { return listener_->address(); }

  private:
    std::unique_ptr<Listener> listener_;
};

int domain_of(const Descriptor& socket) {
    int domain = -1;
    socklen_t size = sizeof domain;
    CHECK(::getsockopt(socket.number(), SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0);
    return domain;
}

// A socket of that name whose queue is full once it has `queue` connections.
Descriptor listen_as(const std::string& name, int queue) {
    const Result<SocketAddress> address = SocketAddress::of_abstract(name);
    CHECK(address.has_value());
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(::bind(socket.number(), address->raw(), address->size()) == 0);
    CHECK(::listen(socket.number(), queue) == 0);
    return socket;
}

Task<void> send_all(Stream& stream, const Bytes& content) {
    const std::array<ByteView, 1> slices{ByteView(content)};
    const Result<void> written = co_await write_all(stream, slices);
    EXPECT_TRUE(written.has_value());
}

Task<void> exchange(Runtime& runtime, Address at, bool& good) {
    auto listener = runtime.network.listen_nearby(at);
    CHECK(listener.has_value());
    EXPECT_EQ((*listener)->address(), at);
    auto near = runtime.network.connect_nearby(at);
    CHECK(near.has_value());
    auto far = co_await (*listener)->accept();
    CHECK(far.has_value());
    // As over TCP, but for the port of the one that came.
    EXPECT_EQ((*near)->peer(), at);
    EXPECT_EQ((*near)->local(), (Address{at.host, 0}));
    EXPECT_EQ((*far)->peer(), (Address{at.host, 0}));
    EXPECT_EQ((*far)->local(), at);

    Bytes content(5 * mib);
    for (size_t i = 0; i < content.size(); i++)
        content[i] = static_cast<std::byte>(i * 131 + i / 253);
    for (Stream* sender : {near->get(), far->get()}) {
        Stream& receiver = sender == near->get() ? **far : **near;
        Bytes arrived(content.size());
        Scope scope(runtime.loop);
        scope.spawn(send_all(*sender, content));
        const Result<void> received = co_await read_exact(receiver, arrived);
        co_await scope.join();
        EXPECT_TRUE(received.has_value());
        good = arrived == content;
        if (!good)
            co_return;
    }
    // The end of one program is seen by the other at once.
    near->reset();
    std::byte byte{};
    const Result<size_t> count = co_await (*far)->read({&byte, 1});
    EXPECT_TRUE(count.has_value() && *count == 0);
}

TEST(Nearby, CarriesLargeMessagesBothWays) {
    for (const char* host : {"127.0.0.1", "::1"}) {
        TestMachine machine;
        const TakenAddress address(machine, host);
        bool good = false;
        machine.run(exchange(machine.runtime(), address.get(), good));
        EXPECT_TRUE(good) << host;
    }
}

TEST(Nearby, IsAUnixSocketWithoutAFile) {
    TestMachine machine;
    const TakenAddress address(machine);
    const Result<Descriptor> listener = nearby_listener(address.get());
    ASSERT_TRUE(listener.has_value());
    const Result<Descriptor> connection = nearby_connection(address.get());
    ASSERT_TRUE(connection.has_value());
    EXPECT_EQ(domain_of(*connection), AF_UNIX);
    // The ring waits only for sockets that may block.
    EXPECT_EQ(::fcntl(connection->number(), F_GETFL) & O_NONBLOCK, 0);
    std::ifstream file("/proc/net/unix");
    const std::string all(std::istreambuf_iterator<char>(file), {});
    EXPECT_NE(all.find("@cairn/" + to_string(address.get()) + "\n"), std::string::npos);
}

TEST(Nearby, NobodyThereIsUnavailable) {
    TestMachine machine;
    const TakenAddress address(machine);
    EXPECT_EQ(nearby_connection(address.get()).code(), Code::unavailable);
    EXPECT_EQ(nearby_connection({machine.path("socket"), 0}).code(), Code::unavailable);
    EXPECT_EQ(nearby_connection({"example.org", 80}).code(), Code::invalid_argument);
}

TEST(Nearby, OneProgramListensAndTheNextAfterIt) {
    TestMachine machine;
    const TakenAddress address(machine);
    Network& network = machine.runtime().network;
    auto first = network.listen_nearby(address.get());
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(network.listen_nearby(address.get()).code(), Code::busy);
    (*first)->close();
    EXPECT_EQ(nearby_connection(address.get()).code(), Code::unavailable);
    EXPECT_TRUE(network.listen_nearby(address.get()).has_value());
}

TEST(Nearby, AddressesOfManySpellingsAreOne) {
    TestMachine machine;
    const TakenAddress address(machine, "::1");
    const Result<Descriptor> listener = nearby_listener(address.get());
    ASSERT_TRUE(listener.has_value());
    EXPECT_TRUE(nearby_connection({"0:0:0:0:0:0:0:1", address.get().port}).has_value());
}

TEST(Nearby, AnotherPortOrAddressIsNotMet) {
    TestMachine machine;
    const TakenAddress address(machine);
    const TakenAddress other(machine);
    const Result<Descriptor> listener = nearby_listener(address.get());
    ASSERT_TRUE(listener.has_value());
    EXPECT_EQ(nearby_connection(other.get()).code(), Code::unavailable);
    EXPECT_EQ(nearby_connection({"127.0.0.2", address.get().port}).code(), Code::unavailable);
}

TEST(Nearby, AnAddressThatMovedAwayIsNotMet) {
    // TEST-NET-1: no host has it, so it is as if it had been taken from this one.
    const Address moved{"192.0.2.1", 2511};
    const Result<Descriptor> listener = nearby_listener(moved);
    ASSERT_TRUE(listener.has_value());
    EXPECT_EQ(nearby_connection(moved).code(), Code::unavailable);
}

TEST(Nearby, AFullQueueIsUnavailableAtOnce) {
    TestMachine machine;
    const TakenAddress address(machine);
    const Descriptor deaf = listen_as("cairn/" + to_string(address.get()), 0);
    std::vector<Descriptor> connections;
    Code last = Code::ok;
    while (last == Code::ok && connections.size() < 20) {
        Result<Descriptor> connection = nearby_connection(address.get());
        last = connection.code();
        if (connection)
            connections.push_back(std::move(*connection));
    }
    EXPECT_EQ(last, Code::unavailable);
}

// In another process and as another user: listens, says so, and waits to be killed.
[[noreturn]] void squat(const std::string& name, int told) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    constexpr uid_t nobody = 65534;
    if (::setuid(nobody) != 0)
        ::_exit(1);
    const Descriptor socket = listen_as(name, 10);
    if (::write(told, "l", 1) != 1)
        ::_exit(1);
    while (true)
        ::pause();
}

TEST(Nearby, AnotherUsersSocketIsNotTrusted) {
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root may become another user";
    TestMachine machine;
    const TakenAddress address(machine);
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const Descriptor reading(pipe_ends[0]);
    const Descriptor writing(pipe_ends[1]);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0)
        squat("cairn/" + to_string(address.get()), writing.number());
    char listening = 0;
    EXPECT_EQ(::read(reading.number(), &listening, 1), 1);
    const Result<Descriptor> connection = nearby_connection(address.get());
    EXPECT_EQ(connection.code(), Code::unavailable);
    if (!connection)
        EXPECT_NE(connection.error().message().find("another user"), std::string::npos);
    EXPECT_EQ(nearby_listener(address.get()).code(), Code::busy);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace cairn::real
