#include "runtime/real/listener.h"

#include <cerrno>
#include <liburing.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include "runtime/real/call.h"
#include "runtime/real/nearby.h"
#include "runtime/real/socket_address.h"
#include "runtime/real/stream.h"

namespace cairn::real {

namespace {

constexpr int backlog = 4096;

// Whether the file is a socket on which nobody listens any more: its program died.
bool is_stale_socket(const SocketAddress& where, const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return probe.number() >= 0 && ::connect(probe.number(), where.raw(), where.size()) < 0 &&
           errno == ECONNREFUSED;
}

int bind_to(int socket, const SocketAddress& where, const Address& at) {
    if (::bind(socket, where.raw(), where.size()) == 0)
        return 0;
    if (errno != EADDRINUSE || !at.is_unix() || !is_stale_socket(where, at.host))
        return -errno;
    ::unlink(at.host.c_str());
    return ::bind(socket, where.raw(), where.size()) == 0 ? 0 : -errno;
}

Error listen_error(int problem, const Address& at) {
    const std::string where = to_string(at);
    switch (problem) {
        case EADDRINUSE:
            return {Code::busy, where + ": address already in use: another program listens there"};
        case EADDRNOTAVAIL:
            return {Code::invalid_argument, where + ": this machine has no such address"};
        case EACCES: return {Code::permission_denied, where + ": not allowed to listen there"};
        default: return error_of_errno(problem, where);
    }
}

// Errors of the connection that is offered, not of the listener: the next may be well.
bool concerns_one_connection(int problem) {
    switch (problem) {
        case ECONNABORTED:
        case EPROTO:
        case ENETDOWN:
        case ENETUNREACH:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENONET:
        case ENOPROTOOPT:
        case EOPNOTSUPP:
        case EINTR:
        case EAGAIN: return true;
        default: return false;
    }
}

}  // namespace

Result<std::unique_ptr<Listener>> RealListener::open(Reactor& reactor, const Address& at) {
    Result<SocketAddress> where = SocketAddress::of(at);
    if (!where)
        return where.error();
    const int socket = ::socket(where->family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0)
        return error_of_errno(errno, to_string(at));
    Descriptor descriptor(socket);
    // A server that is restarted takes its port again while old connections linger.
    const int on = 1;
    if (!at.is_unix())
        ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const int bound = bind_to(socket, *where, at);
    if (bound < 0)
        return listen_error(-bound, at);
    if (::listen(socket, backlog) < 0)
        return listen_error(errno, at);
    const Address address = at.is_unix() ? at : SocketAddress::bound(socket).address();
    return std::unique_ptr<Listener>(
        std::make_unique<RealListener>(reactor, std::move(descriptor), address));
}

RealListener::RealListener(Reactor& reactor, Descriptor descriptor, Address address)
    : reactor_(reactor), descriptor_(std::move(descriptor)), address_(std::move(address)) {
    struct stat status{};
    if (address_.is_unix() && ::lstat(address_.host.c_str(), &status) == 0) {
        socket_device_ = status.st_dev;
        socket_inode_ = status.st_ino;
    }
}

RealListener::~RealListener() {
    close();
}

// An accept in flight, until its frame goes on or is dropped.
class RealListener::Accepting {
  public:
    Accepting(RealListener& listener, Call& call)
        : listener_(listener), call_(call), use_(listener.descriptor_) {
        listener_.accepting_.push_back(&call_);
    }
    Accepting(const Accepting&) = delete;
    Accepting& operator=(const Accepting&) = delete;
    ~Accepting() { std::erase(listener_.accepting_, &call_); }

  private:
    RealListener& listener_;
    Call& call_;
    Descriptor::Use use_;
};

Task<Result<std::unique_ptr<Stream>>> RealListener::accept() {
    while (!descriptor_.closed()) {
        SocketAddress from;
        int accepted = -1;
        {
            Call call(reactor_, Call::Yields::descriptor);
            const Accepting accepting(*this, call);
            io_uring_prep_accept(call.prepare(), descriptor_.number(), from.space(),
                                 from.space_size(), SOCK_CLOEXEC);
            accepted = co_await call;
        }
        if (accepted >= 0) {
            Descriptor socket(accepted);
            if (descriptor_.closed())
                break;
            const bool over_ip = from.family() != AF_UNIX;
            // Who comes over a Unix socket has no name of its own, but is of this host.
            const Address peer = over_ip ? from.address() : Address{address_.host, 0};
            const Address local = over_ip ? SocketAddress::bound(accepted).address() : address_;
            if (!over_ip)
                widen_send_buffer(accepted);
            co_return std::make_unique<RealStream>(reactor_, std::move(socket), local, peer);
        }
        if (!descriptor_.closed() && !concerns_one_connection(-accepted))
            co_return error_of_errno(-accepted, to_string(address_));
    }
    co_return Error(Code::cancelled, to_string(address_) + ": no longer listening");
}

void RealListener::close() {
    if (descriptor_.closed())
        return;
    struct stat status{};
    if (address_.is_unix() && ::lstat(address_.host.c_str(), &status) == 0 &&
        status.st_dev == socket_device_ && status.st_ino == socket_inode_)
        ::unlink(address_.host.c_str());
    // Frees the port at once, and ends accepts. On a Unix socket it would not end those that poll.
    if (!address_.is_unix())
        ::shutdown(descriptor_.number(), SHUT_RDWR);
    for (Call* call : accepting_)
        call->cancel();
    descriptor_.close();
}

}  // namespace cairn::real
