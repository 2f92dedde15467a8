#include "runtime/loop.h"

#include <utility>

#include "base/check.h"

namespace cairn {

void Timer::arm(Loop& loop, Instant deadline) {
    disarm();
    loop_ = &loop;
    deadline_ = deadline;
    order_ = loop.next_order_++;
    loop.insert(*this);
}

void Timer::disarm() {
    if (loop_ == nullptr)
        return;
    loop_->erase(*this);
    loop_ = nullptr;
}

Loop::~Loop() {
    for (Timer* timer : timers_)
        timer->loop_ = nullptr;
}

void Loop::advance(Instant now) {
    CHECK_NOTE(now >= now_, "a monotonic clock went back");
    now_ = now;
    while (!timers_.empty() && timers_.front()->deadline_ <= now_) {
        Timer* due = timers_.front();
        due->disarm();
        due->fire();
    }
}

bool Loop::run_turn() {
    if (ready_.empty())
        return false;
    running_.swap(ready_);
    for (size_t i = 0; i < running_.size() && !abandoned_; i++)
        running_[i].resume();
    running_.clear();
    return true;
}

void Loop::abandon() {
    abandoned_ = true;
    ready_.clear();
}

bool Loop::earlier(const Timer& a, const Timer& b) {
    return a.deadline_ != b.deadline_ ? a.deadline_ < b.deadline_ : a.order_ < b.order_;
}

void Loop::place(size_t slot, Timer* timer) {
    timers_[slot] = timer;
    timer->slot_ = slot;
}

void Loop::insert(Timer& timer) {
    timers_.push_back(&timer);
    timer.slot_ = timers_.size() - 1;
    sift_up(timer.slot_);
}

void Loop::erase(Timer& timer) {
    const size_t slot = timer.slot_;
    CHECK(slot < timers_.size() && timers_[slot] == &timer);
    Timer* last = timers_.back();
    timers_.pop_back();
    if (last == &timer)
        return;
    place(slot, last);
    sift_up(slot);
    sift_down(last->slot_);
}

void Loop::sift_up(size_t slot) {
    Timer* timer = timers_[slot];
    while (slot > 0) {
        const size_t parent = (slot - 1) / 2;
        if (!earlier(*timer, *timers_[parent]))
            break;
        place(slot, timers_[parent]);
        slot = parent;
    }
    place(slot, timer);
}

void Loop::sift_down(size_t slot) {
    Timer* timer = timers_[slot];
    while (true) {
        size_t child = 2 * slot + 1;
        if (child >= timers_.size())
            break;
        if (child + 1 < timers_.size() && earlier(*timers_[child + 1], *timers_[child]))
            child++;
        if (!earlier(*timers_[child], *timer))
            break;
        place(slot, timers_[child]);
        slot = child;
    }
    place(slot, timer);
}

}  // namespace cairn
