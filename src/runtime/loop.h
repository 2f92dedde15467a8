// Loop: what is ready to run on one thread, and the timers that will make more of it ready. It
// performs no I/O and reads no clock: a driver (the io_uring reactor, or the simulator) advances
// its time, completes I/O and runs turns. Nothing is resumed from inside a notification: a turn
// runs what was ready when it began.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace cairn {

class Loop;

// A timer that sits in its owner and in the loop's heap at once; it leaves the heap when it is
// destroyed.
class Timer {
  public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer() { disarm(); }

    void arm(Loop& loop, Instant deadline);
    void disarm();
    [[nodiscard]] bool armed() const { return loop_ != nullptr; }

  protected:
    // Called by the loop when the deadline has come; the timer is disarmed by then. It must only
    // make things ready (post, notify), never resume them.
    virtual void fire() = 0;

  private:
    friend class Loop;
    Loop* loop_ = nullptr;
    Instant deadline_;
    uint64_t order_ = 0;  // timers of one deadline fire in the order in which they were armed
    size_t slot_ = 0;
};

class Loop {
  public:
    Loop() = default;
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop();

    // This host's monotonic clock as of the current turn. A check that must not be late reads
    // Clock::now().
    [[nodiscard]] Instant now() const { return now_; }
    void post(std::coroutine_handle<> handle) { ready_.push_back(handle); }

    // For the driver.
    void advance(Instant now);  // sets the time and fires what is due
    bool run_turn();            // runs what is ready now; false if nothing was
    [[nodiscard]] bool has_ready() const { return !ready_.empty(); }
    [[nodiscard]] Instant next_deadline() const {
        return timers_.empty() ? Instant::never() : timers_.front()->deadline_;
    }
    // The process is gone (the simulator killed it): nothing runs any more, frames may be destroyed
    // as they stand.
    void abandon();
    [[nodiscard]] bool abandoned() const { return abandoned_; }

  private:
    friend class Timer;
    void insert(Timer& timer);
    void erase(Timer& timer);
    void sift_up(size_t slot);
    void sift_down(size_t slot);
    static bool earlier(const Timer& a, const Timer& b);
    void place(size_t slot, Timer* timer);

    Instant now_;
    uint64_t next_order_ = 0;
    std::vector<std::coroutine_handle<>> ready_;
    std::vector<std::coroutine_handle<>> running_;
    std::vector<Timer*> timers_;  // a binary heap
    bool abandoned_ = false;
};

}  // namespace cairn
