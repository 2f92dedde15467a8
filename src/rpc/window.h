// Window: bounds the bytes in flight of a connection or a server, first come first served. Unlike a
// Semaphore's, its waits end with a deadline, by a cancellation, or when it is closed: a caller
// that waits for room on a dead connection must get away.
#pragma once

#include <cstdint>
#include <deque>

#include "base/error.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace cairn::rpc {

class Window {
  public:
    // A place in the queue; outlives the acquire() that waits with it.
    class Claim {
      public:
        explicit Claim(Loop& loop) : decided_(loop) {}

      private:
        friend class Window;
        enum class State : uint8_t { waiting, granted, cancelled };
        uint64_t amount_ = 0;
        State state_ = State::waiting;
        Condition decided_;
    };

    explicit Window(uint64_t capacity) : capacity_(capacity), available_(capacity) {}
    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;

    [[nodiscard]] bool try_acquire(uint64_t amount);
    // ok, timed_out or cancelled. More than the whole capacity is granted when everything is free.
    Task<Code> acquire(uint64_t amount, Instant deadline, Claim& claim);
    void release(uint64_t amount);
    // Ends the wait, if `claim` is waiting.
    void cancel(Claim& claim);
    // Ends all waits, now and later. Releasing still counts.
    void close();

    [[nodiscard]] uint64_t in_use() const { return capacity_ - available_; }
    [[nodiscard]] size_t waiting() const { return queue_.size(); }

  private:
    void remove(Claim& claim);
    void grant();

    uint64_t capacity_;
    uint64_t available_;
    bool closed_ = false;
    std::deque<Claim*> queue_;
};

}  // namespace cairn::rpc
