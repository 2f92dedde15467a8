// Semaphore: bounds an amount (bytes in flight, requests under way); Mutex: one task at a time,
// across suspensions. First come, first served, so that a large request is not starved by small
// ones.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/task.h"
#include "runtime/wait.h"

namespace cairn {

class Semaphore {
  public:
    Semaphore(Loop& loop, uint64_t capacity)
        : condition_(loop), capacity_(capacity), available_(capacity) {}

    // Waits its turn for `amount`. More than the whole capacity is granted when everything is free.
    Task<void> acquire(uint64_t amount) {
        const uint64_t ticket = next_ticket_++;
        const uint64_t needed = std::min(amount, capacity_);
        while (ticket != serving_ || available_ < needed)
            co_await condition_.wait();
        available_ -= needed;
        serving_++;
        condition_.notify_all();
    }
    [[nodiscard]] bool try_acquire(uint64_t amount) {
        const uint64_t needed = std::min(amount, capacity_);
        if (next_ticket_ != serving_ || available_ < needed)
            return false;
        available_ -= needed;
        return true;
    }
    void release(uint64_t amount) {
        available_ += std::min(amount, capacity_);
        CHECK_NOTE(available_ <= capacity_, "released more than was acquired");
        condition_.notify_all();
    }
    [[nodiscard]] uint64_t available() const { return available_; }

  private:
    Condition condition_;
    uint64_t capacity_;
    uint64_t available_;
    uint64_t next_ticket_ = 0;
    uint64_t serving_ = 0;
};

class Mutex {
  public:
    explicit Mutex(Loop& loop) : semaphore_(loop, 1) {}

    class Guard {
      public:
        explicit Guard(Semaphore* held) : held_(held) {}
        Guard(Guard&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
        Guard& operator=(Guard&& other) noexcept {
            std::swap(held_, other.held_);
            return *this;
        }
        ~Guard() {
            if (held_ != nullptr)
                held_->release(1);
        }

      private:
        Semaphore* held_;
    };
    Task<Guard> lock() {
        co_await semaphore_.acquire(1);
        co_return Guard(&semaphore_);
    }
    [[nodiscard]] bool is_locked() const { return semaphore_.available() == 0; }

  private:
    Semaphore semaphore_;
};

}  // namespace cairn
