#include "runtime/real/nearby.h"

#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/real/socket_address.h"

namespace cairn::real {

namespace {

constexpr int backlog = 4096;
constexpr int send_buffer = 4 << 20;

// In the spelling of the kernel, for an IPv6 address may be written in many.
Result<SocketAddress> nearby_name(const SocketAddress& address) {
    return SocketAddress::of_abstract("cairn/" + to_string(address.address()));
}

// Only what this host has can be bound to.
bool is_of_this_host(const Address& address) {
    const Result<SocketAddress> any_port = SocketAddress::of({address.host, 0});
    if (!any_port)
        return false;
    const Descriptor probe(::socket(any_port->family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return probe.number() >= 0 && ::bind(probe.number(), any_port->raw(), any_port->size()) == 0;
}

// Whether who listens there is root, or of our own user.
bool is_trusted(int socket) {
    ucred listener{};
    socklen_t size = sizeof listener;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &listener, &size) == 0 &&
           (listener.uid == 0 || listener.uid == ::geteuid());
}

Error unavailable(const Address& to, std::string_view why) {
    return {Code::unavailable, to_string(to) + ": " + std::string(why)};
}

}  // namespace

Result<Descriptor> nearby_connection(const Address& to) {
    const Result<SocketAddress> address = SocketAddress::of(to);
    if (!address)
        return address.error();
    if (to.is_unix() || !is_of_this_host(to))
        return unavailable(to, "not an address of this host");
    const Result<SocketAddress> name = nearby_name(*address);
    if (!name)
        return name.error();
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.number() < 0)
        return error_of_errno(errno, to_string(to));
    if (::connect(socket.number(), name->raw(), name->size()) < 0)
        return unavailable(to, "nobody listens nearby");
    if (!is_trusted(socket.number()))
        return unavailable(to, "another user listens nearby");
    // The ring waits for sockets by itself, unless they are said not to block.
    if (::fcntl(socket.number(), F_SETFL, 0) < 0)
        return error_of_errno(errno, to_string(to));
    widen_send_buffer(socket.number());
    return socket;
}

Result<Descriptor> nearby_listener(const Address& at) {
    const Result<SocketAddress> address = SocketAddress::of(at);
    if (!address)
        return address.error();
    if (at.is_unix() || at.port == 0)
        return Error(Code::invalid_argument, to_string(at) + ": not an address of TCP");
    const Result<SocketAddress> name = nearby_name(*address);
    if (!name)
        return name.error();
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.number() < 0)
        return error_of_errno(errno, to_string(at));
    if (::bind(socket.number(), name->raw(), name->size()) < 0) {
        if (errno == EADDRINUSE)
            return Error(Code::busy, to_string(at) + ": another program listens nearby");
        return error_of_errno(errno, to_string(at));
    }
    if (::listen(socket.number(), backlog) < 0)
        return error_of_errno(errno, to_string(at));
    return socket;
}

void widen_send_buffer(int socket) {
    const int size = send_buffer;
    if (::setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
        ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

}  // namespace cairn::real
