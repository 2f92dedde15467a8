// Ways for tasks of one loop to wait for each other: Condition (wait for a change, look again),
// Event (set once), Semaphore (a bounded amount of something), Mutex (one at a time, across
// suspensions). First come, first served.
#pragma once

#include <coroutine>
#include <cstdint>

#include "base/check.h"
#include "runtime/loop.h"

namespace cairn {

class Condition;

// One suspended task in a Condition's queue, with an optional deadline. Lives in the awaiting
// frame.
class Waiter final : private Timer {
  public:
    Waiter(Condition& condition, Instant deadline) : condition_(condition), deadline_(deadline) {}
    ~Waiter() override;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle);
    // True if notified, false if the deadline came first.
    bool await_resume() const noexcept { return notified_; }

  private:
    friend class Condition;
    void fire() override;

    Condition& condition_;
    Instant deadline_;
    std::coroutine_handle<> handle_;
    Waiter* previous_ = nullptr;
    Waiter* next_ = nullptr;
    bool queued_ = false;
    bool notified_ = false;
};

class Condition {
  public:
    explicit Condition(Loop& loop) : loop_(loop) {}
    Condition(const Condition&) = delete;
    Condition& operator=(const Condition&) = delete;
    // Nobody may wait any more, unless the process was killed: then its frames go in any order.
    ~Condition();

    // A notification says that something changed, not what: the caller looks again.
    [[nodiscard]] Waiter wait() { return {*this, Instant::never()}; }
    [[nodiscard]] Waiter wait_until(Instant deadline) { return {*this, deadline}; }
    void notify_one();
    void notify_all();
    [[nodiscard]] bool has_waiters() const { return first_ != nullptr; }
    [[nodiscard]] Loop& loop() const { return loop_; }

  private:
    friend class Waiter;
    void push(Waiter& waiter);
    void unlink(Waiter& waiter);

    Loop& loop_;
    Waiter* first_ = nullptr;
    Waiter* last_ = nullptr;
};

// Set once, for ever; a stop signal. `co_await event.wait_until(t)` is an interruptible sleep.
class Event {
  public:
    explicit Event(Loop& loop) : condition_(loop) {}

    void set() {
        set_ = true;
        condition_.notify_all();
    }
    [[nodiscard]] bool is_set() const { return set_; }

    class Await {
      public:
        Await(Event& event, Instant deadline)
            : event_(event), waiter_(event.condition_, deadline) {}
        bool await_ready() const noexcept { return event_.set_; }
        void await_suspend(std::coroutine_handle<> handle) { waiter_.await_suspend(handle); }
        // Whether the event is set.
        bool await_resume() const noexcept { return event_.set_; }

      private:
        Event& event_;
        Waiter waiter_;
    };
    [[nodiscard]] Await wait() { return {*this, Instant::never()}; }
    [[nodiscard]] Await wait_until(Instant deadline) { return {*this, deadline}; }

  private:
    Condition condition_;
    bool set_ = false;
};

// Sleeps on the loop's clock; not interruptible, so for short, bounded waits only.
class Sleep final : private Timer {
  public:
    Sleep(Loop& loop, Duration duration) : loop_(loop), duration_(duration) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        handle_ = handle;
        arm(loop_, loop_.now() + duration_);
    }
    void await_resume() const noexcept {}

  private:
    void fire() override { loop_.post(handle_); }

    Loop& loop_;
    Duration duration_;
    std::coroutine_handle<> handle_;
};

// Lets other ready tasks run first.
class Yield {
  public:
    explicit Yield(Loop& loop) : loop_(loop) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) { loop_.post(handle); }
    void await_resume() const noexcept {}

  private:
    Loop& loop_;
};

}  // namespace cairn
