// Call: one awaited system call through the ring, for what is not a read or write of an open file
// or stream (open, accept, connect, rename, poll):
//     Call call(reactor);
//     io_uring_prep_renameat(call.prepare(), ...);
//     const int result = co_await call;
// It lives in the awaiting frame. What it points to must live until it completes.
#pragma once

#include <coroutine>
#include <cstdint>

struct io_uring_sqe;

namespace cairn::real {

class Reactor;

class Call {
  public:
    enum class Yields : uint8_t { number, descriptor };

    explicit Call(Reactor& reactor, Yields yields = Yields::number)
        : reactor_(reactor), yields_(yields) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call();

    // The slot to fill, right before the call is awaited.
    [[nodiscard]] io_uring_sqe* prepare();

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle);
    // What the system call returned, or a negative errno.
    int await_resume();

    // Asks the kernel to give it up: it ends with -ECANCELED, or as if it had not been asked.
    void cancel();

  private:
    friend class Reactor;
    void answered();

    Reactor& reactor_;
    Yields yields_;
    io_uring_sqe* slot_ = nullptr;
    std::coroutine_handle<> handle_;
    // The call itself and its cancellation: it goes on when the kernel knows of neither any more.
    uint32_t answers_due_ = 0;
    int result_ = -1;
};

}  // namespace cairn::real
