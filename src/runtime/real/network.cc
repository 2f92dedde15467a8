#include "runtime/real/network.h"

#include <cerrno>
#include <liburing.h>
#include <sys/socket.h>

#include "runtime/real/call.h"
#include "runtime/real/listener.h"
#include "runtime/real/nearby.h"
#include "runtime/real/socket_address.h"
#include "runtime/real/stream.h"

namespace cairn::real {

namespace {

// Gives up a call when its time has come.
class CallDeadline final : public Timer {
  public:
    explicit CallDeadline(Call& call) : call_(call) {}
    [[nodiscard]] bool passed() const { return passed_; }

  private:
    void fire() override {
        passed_ = true;
        call_.cancel();
    }

    Call& call_;
    bool passed_ = false;
};

Instant after(Instant now, Duration timeout) {
    return timeout >= Instant::never() - now ? Instant::never() : now + timeout;
}

Error connect_error(int problem, const Address& to) {
    const std::string where = to_string(to);
    switch (problem) {
        case ENOENT: return {Code::unavailable, where + ": nobody listens there"};
        case ECONNREFUSED:
            return {Code::unavailable, where + ": connection refused: nobody listens there"};
        case ECONNRESET:
        case ECONNABORTED:
            return {Code::unavailable, where + ": the peer ended the connection at once"};
        default: return error_of_errno(problem, where);
    }
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> RealNetwork::connect(Address to, Duration timeout) {
    Result<SocketAddress> where = SocketAddress::of(to);
    if (!where)
        co_return where.error();
    const int number = ::socket(where->family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (number < 0)
        co_return error_of_errno(errno, to_string(to));
    Descriptor socket(number);
    Call call(reactor_);
    CallDeadline deadline(call);
    deadline.arm(reactor_.loop(), after(reactor_.loop().now(), timeout));
    io_uring_prep_connect(call.prepare(), number, where->raw(), where->size());
    const int result = co_await call;
    deadline.disarm();
    if (result < 0 && deadline.passed())
        co_return Error(Code::timed_out, to_string(to) + ": no answer to connecting");
    if (result < 0)
        co_return connect_error(-result, to);
    const Address local = to.is_unix() ? to : SocketAddress::bound(number).address();
    // On loopback, a connection to a free port can get that very port as its own, and meet itself.
    if (!to.is_unix() && local == to)
        co_return connect_error(ECONNREFUSED, to);
    co_return std::make_unique<RealStream>(reactor_, std::move(socket), local, std::move(to));
}

Result<std::unique_ptr<Listener>> RealNetwork::listen(const Address& at) {
    return RealListener::open(reactor_, at);
}

Result<std::unique_ptr<Stream>> RealNetwork::connect_nearby(const Address& to) {
    Result<Descriptor> socket = nearby_connection(to);
    if (!socket)
        return socket.error();
    return std::unique_ptr<Stream>(
        std::make_unique<RealStream>(reactor_, std::move(*socket), Address{to.host, 0}, to));
}

Result<std::unique_ptr<Listener>> RealNetwork::listen_nearby(const Address& at) {
    Result<Descriptor> socket = nearby_listener(at);
    if (!socket)
        return socket.error();
    return std::unique_ptr<Listener>(
        std::make_unique<RealListener>(reactor_, std::move(*socket), at));
}

}  // namespace cairn::real
