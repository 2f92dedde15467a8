#include "runtime/real/stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "runtime/real/ring.h"

namespace cairn::real {

namespace {

constexpr size_t transfer_max = 0x7ffff000;  // of one call

// Without MSG_WAITALL a large write would come back each time that the socket's buffer is full;
// with it the ring goes on by itself.
constexpr int send_flags = MSG_NOSIGNAL | MSG_WAITALL;
constexpr int send_now_flags = MSG_NOSIGNAL | MSG_DONTWAIT;

}  // namespace

RealStream::RealStream(Reactor& reactor, Descriptor descriptor, Address local, Address peer)
    : reactor_(reactor),
      descriptor_(std::move(descriptor)),
      local_(std::move(local)),
      peer_(std::move(peer)) {
    const int on = 1;  // messages are whole when they are written: nothing is gained by waiting
    if (!peer_.is_unix())
        ::setsockopt(descriptor_.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RealStream::~RealStream() {
    close();
}

void RealStream::close() {
    if (descriptor_.closed())
        return;
    // Wakes what waits for the socket, and tells the peer now, not when the last operation is gone.
    ::shutdown(descriptor_.number(), SHUT_RDWR);
    descriptor_.close();
}

void RealStream::start(IoOperation& operation) {
    if (descriptor_.closed() || operation.length() == 0) {
        reactor_.complete_later(operation, descriptor_, 0);
        return;
    }
    if (operation.kind() == IoKind::write) {
        start_write(operation);
        return;
    }
    CHECK_NOTE(operation.kind() == IoKind::read, "streams are read and written only");
    io_uring_sqe* slot = reactor_.slot();
    const MutableByteView into = operation.into();
    io_uring_prep_recv(slot, descriptor_.number(), into.data(), std::min(into.size(), transfer_max),
                       0);
    reactor_.start(slot, operation, descriptor_);
}

void RealStream::start_write(IoOperation& operation) {
    if (send_now(operation))
        return;
    io_uring_sqe* slot = reactor_.slot();
    Scratch& scratch = reactor_.scratch();
    msghdr* message = scratch.message(scratch.vectors(operation.slices()));
    io_uring_prep_sendmsg(slot, descriptor_.number(), message, send_flags);
    reactor_.start(slot, operation, descriptor_);
}

// A socket nearly always has room, and then a plain call costs less than the ring, which would
// complete at once, too, and keep the reactor from sleeping only to say so.
bool RealStream::send_now(IoOperation& operation) {
    const std::span<const ByteView> slices = operation.slices();
    std::array<iovec, 128> vectors;
    if (slices.size() > vectors.size())
        return false;
    for (size_t i = 0; i < slices.size(); i++)  // the kernel only reads through it
        vectors[i] = {const_cast<std::byte*>(slices[i].data()), slices[i].size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = slices.size();
    const ssize_t sent = ::sendmsg(descriptor_.number(), &message, send_now_flags);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    reactor_.complete_later(operation, descriptor_, sent >= 0 ? sent : -errno);
    return true;
}

void RealStream::forget(IoOperation&) {
    CHECK_NOTE(false,
               "a frame was destroyed under its stream operation: shut the reactor down first");
}

}  // namespace cairn::real
