#include "runtime/sim/event_queue.h"

#include <algorithm>

#include "base/check.h"

namespace cairn::sim {

void SimEvent::at(SimTime time) {
    cancel();
    queue_.insert(*this, std::max(time, queue_.now()));
}

void SimEvent::cancel() {
    if (scheduled_)
        queue_.erase(*this);
}

SimTime SimEvent::due() const {
    CHECK(scheduled_);
    return queue_.heap_[slot_].time;
}

EventQueue::~EventQueue() {
    for (const Entry& entry : heap_)
        entry.event->scheduled_ = false;
}

SimTime EventQueue::next() const {
    return heap_.empty() ? SimTime::never() : heap_.front().time;
}

void EventQueue::fire_next() {
    CHECK(!heap_.empty());
    const Entry first = heap_.front();
    CHECK_NOTE(first.time >= now_, "virtual time went back");
    now_ = first.time;
    fired_++;
    erase(*first.event);
    first.event->fire();
}

void EventQueue::skip_to(SimTime time) {
    CHECK(time >= now_ && time <= next());
    now_ = time;
}

bool EventQueue::earlier(const Entry& a, const Entry& b) {
    return a.time != b.time ? a.time < b.time : a.order < b.order;
}

void EventQueue::place(size_t slot, const Entry& entry) {
    heap_[slot] = entry;
    entry.event->slot_ = slot;
}

void EventQueue::insert(SimEvent& event, SimTime time) {
    heap_.push_back({time, next_order_++, &event});
    event.slot_ = heap_.size() - 1;
    event.scheduled_ = true;
    sift_up(event.slot_);
}

void EventQueue::erase(SimEvent& event) {
    const size_t slot = event.slot_;
    CHECK(slot < heap_.size() && heap_[slot].event == &event);
    event.scheduled_ = false;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (last.event == &event)
        return;
    place(slot, last);
    sift_up(slot);
    sift_down(last.event->slot_);
}

void EventQueue::sift_up(size_t slot) {
    const Entry entry = heap_[slot];
    while (slot > 0) {
        const size_t parent = (slot - 1) / 2;
        if (!earlier(entry, heap_[parent]))
            break;
        place(slot, heap_[parent]);
        slot = parent;
    }
    place(slot, entry);
}

void EventQueue::sift_down(size_t slot) {
    const Entry entry = heap_[slot];
    while (true) {
        size_t child = 2 * slot + 1;
        if (child >= heap_.size())
            break;
        if (child + 1 < heap_.size() && earlier(heap_[child + 1], heap_[child]))
            child++;
        if (!earlier(heap_[child], entry))
            break;
        place(slot, heap_[child]);
        slot = child;
    }
    place(slot, entry);
}

}  // namespace cairn::sim
