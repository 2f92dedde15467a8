// RangeLock: makes overlapping requests wait for each other, in order of arrival (range_claims.h
// has the rule). A request takes its place in the queue when its Hold is made, waits with `co_await
// hold.granted();`, and gives the range free when the Hold ends:
//     RangeLock::Hold hold(lock, offset, length, Access::exclusive);
//     co_await hold.granted();
// Holding costs no allocation. A task that holds one range must not wait for another that overlaps
// it.
#pragma once

#include <coroutine>

#include "block/range_claims.h"
#include "runtime/loop.h"

namespace cairn::block {

class RangeLock {
  public:
    explicit RangeLock(Loop& loop) : loop_(loop) {}

    class Hold : private RangeClaim {
      public:
        Hold(RangeLock& lock, uint64_t offset, uint64_t length, Access access)
            : RangeClaim(offset, length, access), lock_(lock) {
            lock_.claims_.enter(*this);
        }
        ~Hold() { lock_.leave(*this); }

        class Await {
          public:
            explicit Await(Hold& hold) : hold_(hold) {}
            bool await_ready() const noexcept { return hold_.RangeClaim::granted(); }
            void await_suspend(std::coroutine_handle<> handle) { hold_.waiter_ = handle; }
            void await_resume() const noexcept {}

          private:
            Hold& hold_;
        };
        [[nodiscard]] Await granted() { return Await(*this); }

      private:
        friend class RangeLock;
        RangeLock& lock_;
        std::coroutine_handle<> waiter_;
    };

    // Requests that hold or wait.
    [[nodiscard]] size_t size() const { return claims_.size(); }

  private:
    void leave(Hold& hold);

    Loop& loop_;
    RangeClaims claims_;
};

}  // namespace cairn::block
