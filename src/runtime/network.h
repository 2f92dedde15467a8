// Network: byte streams between programs (TCP, or Unix sockets where the address is a path).
// Closing a stream or a listener ends what waits on it with Code::cancelled; that is how such waits
// are given up.
#pragma once

#include <memory>
#include <span>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace cairn {

class Stream : protected IoTarget {
  public:
    ~Stream() override = default;

    // Some bytes, at least one; 0 when the peer has ended its side.
    IoOperation read(MutableByteView into) { return {*this, 0, into}; }
    // Some of `slices`, from the front. One write at a time: of two at once the bytes may mix.
    IoOperation write(std::span<const ByteView> slices) {
        return {*this, IoKind::write, 0, slices};
    }
    // Ends both sides at once; unsent data may be lost. Idempotent.
    virtual void close() = 0;

    [[nodiscard]] virtual const Address& peer() const = 0;
    [[nodiscard]] virtual const Address& local() const = 0;
};

class Listener {
  public:
    virtual ~Listener() = default;
    virtual Task<Result<std::unique_ptr<Stream>>> accept() = 0;
    virtual void close() = 0;
    // Where it really listens: the port is the chosen one if 0 was asked for.
    [[nodiscard]] virtual const Address& address() const = 0;
};

class Network {
  public:
    virtual ~Network() = default;
    // Fails with unavailable (nobody there) or timed_out.
    virtual Task<Result<std::unique_ptr<Stream>>> connect(Address to, Duration timeout) = 0;
    // Fails with busy where the address is in use.
    virtual Result<std::unique_ptr<Listener>> listen(const Address& at) = 0;

    // The short way between programs of one host, beside TCP and named after the TCP address that a
    // server already listens on. Whoever connects tries it first and takes any failure as the
    // advice to use TCP. Addresses of its streams are those of TCP, but for the port of the peer.
    // Never waits. Fails with not_supported where a runtime has no such way, as here.
    virtual Result<std::unique_ptr<Stream>> connect_nearby(const Address& to);
    // Fails with busy also for a moment after a program that listened there was killed.
    virtual Result<std::unique_ptr<Listener>> listen_nearby(const Address& at);
};

// Writes all of `slices`; they must live until it is done.
Task<Result<void>> write_all(Stream& stream, std::span<const ByteView> slices);

// Fills `into`, or fails with connection_lost if the stream ends before.
Task<Result<void>> read_exact(Stream& stream, MutableByteView into);

}  // namespace cairn
