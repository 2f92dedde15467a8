#include "rpc/window.h"

#include <algorithm>

#include "base/check.h"

namespace cairn::rpc {

bool Window::try_acquire(uint64_t amount) {
    const uint64_t needed = std::min(amount, capacity_);
    if (closed_ || !queue_.empty() || available_ < needed)
        return false;
    available_ -= needed;
    return true;
}

Task<Code> Window::acquire(uint64_t amount, Instant deadline, Claim& claim) {
    if (try_acquire(amount))
        co_return Code::ok;
    if (closed_)
        co_return Code::cancelled;
    claim.amount_ = std::min(amount, capacity_);
    claim.state_ = Claim::State::waiting;
    queue_.push_back(&claim);
    co_await claim.decided_.wait_until(deadline);
    // A grant of the same turn as the deadline stands.
    if (claim.state_ == Claim::State::granted)
        co_return Code::ok;
    if (claim.state_ == Claim::State::cancelled)
        co_return Code::cancelled;
    remove(claim);
    co_return Code::timed_out;
}

void Window::release(uint64_t amount) {
    available_ += std::min(amount, capacity_);
    CHECK_NOTE(available_ <= capacity_, "released more than was acquired");
    grant();
}

void Window::cancel(Claim& claim) {
    if (std::ranges::find(queue_, &claim) == queue_.end())
        return;
    remove(claim);
    claim.state_ = Claim::State::cancelled;
    claim.decided_.notify_all();
}

void Window::close() {
    closed_ = true;
    while (!queue_.empty())
        cancel(*queue_.front());
}

void Window::remove(Claim& claim) {
    std::erase(queue_, &claim);
    grant();  // it may have stood before somebody who needs less
}

void Window::grant() {
    while (!closed_ && !queue_.empty() && available_ >= queue_.front()->amount_) {
        Claim& claim = *queue_.front();
        queue_.pop_front();
        available_ -= claim.amount_;
        claim.state_ = Claim::State::granted;
        claim.decided_.notify_all();
    }
}

}  // namespace cairn::rpc
