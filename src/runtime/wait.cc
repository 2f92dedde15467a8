#include "runtime/wait.h"

namespace cairn {

Waiter::~Waiter() {
    if (queued_)
        condition_.unlink(*this);
}

void Waiter::await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    condition_.push(*this);
    if (deadline_ != Instant::never())
        arm(condition_.loop(), deadline_);
}

void Waiter::fire() {
    condition_.unlink(*this);
    condition_.loop().post(handle_);
}

Condition::~Condition() {
    CHECK_NOTE(first_ == nullptr || loop_.abandoned(), "destroyed under its waiters");
    while (first_ != nullptr)
        unlink(*first_);
}

void Condition::push(Waiter& waiter) {
    waiter.queued_ = true;
    waiter.previous_ = last_;
    if (last_ != nullptr)
        last_->next_ = &waiter;
    else
        first_ = &waiter;
    last_ = &waiter;
}

void Condition::unlink(Waiter& waiter) {
    (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
    (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
    waiter.previous_ = waiter.next_ = nullptr;
    waiter.queued_ = false;
}

void Condition::notify_one() {
    if (first_ == nullptr)
        return;
    Waiter& waiter = *first_;
    unlink(waiter);
    waiter.disarm();
    waiter.notified_ = true;
    loop_.post(waiter.handle_);
}

void Condition::notify_all() {
    while (first_ != nullptr)
        notify_one();
}

}  // namespace cairn
