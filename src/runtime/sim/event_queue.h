// EventQueue: virtual time, and what will happen in it. Events happen in the order of (time, order
// of scheduling), so that two runs of one seed agree. An SimEvent sits in its owner and in the
// queue at once, and leaves the queue when it is destroyed.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/time.h"

namespace cairn::sim {

// The simulator's own time, which no simulated host can read: their clocks are skewed against it.
struct SimTime {
    int64_t nanoseconds = 0;

    constexpr auto operator<=>(const SimTime&) const = default;
    constexpr SimTime operator+(Duration d) const { return {nanoseconds + d.nanoseconds}; }
    constexpr Duration operator-(SimTime other) const { return {nanoseconds - other.nanoseconds}; }
    static constexpr SimTime never() { return {INT64_MAX}; }
};

class EventQueue;

class SimEvent {
  public:
    SimEvent(const SimEvent&) = delete;
    SimEvent& operator=(const SimEvent&) = delete;
    virtual ~SimEvent() { cancel(); }

    // Schedules it, or moves it. A time that has passed means now.
    void at(SimTime time);
    void cancel();
    [[nodiscard]] bool scheduled() const { return scheduled_; }
    // When it is due; only while it is scheduled.
    [[nodiscard]] SimTime due() const;

  protected:
    explicit SimEvent(EventQueue& queue) : queue_(queue) {}
    // The event is out of the queue by then, may be scheduled again and may destroy itself.
    virtual void fire() = 0;

    EventQueue& queue_;

  private:
    friend class EventQueue;
    size_t slot_ = 0;
    bool scheduled_ = false;
};

// An event that calls what it was made with.
class Alarm final : public SimEvent {
  public:
    Alarm(EventQueue& queue, std::function<void()> action)
        : SimEvent(queue), action_(std::move(action)) {}

  private:
    void fire() override { action_(); }
    std::function<void()> action_;
};

class EventQueue {
  public:
    EventQueue() = default;
    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;
    ~EventQueue();

    [[nodiscard]] SimTime now() const { return now_; }
    // never() if nothing is scheduled.
    [[nodiscard]] SimTime next() const;
    void fire_next();
    // Nothing happens up to `time`.
    void skip_to(SimTime time);
    [[nodiscard]] uint64_t fired() const { return fired_; }

  private:
    friend class SimEvent;
    struct Entry {
        SimTime time;
        uint64_t order;
        SimEvent* event;
    };
    static bool earlier(const Entry& a, const Entry& b);
    void insert(SimEvent& event, SimTime time);
    void erase(SimEvent& event);
    void sift_up(size_t slot);
    void sift_down(size_t slot);
    void place(size_t slot, const Entry& entry);

    SimTime now_;
    uint64_t next_order_ = 0;
    uint64_t fired_ = 0;
    std::vector<Entry> heap_;
};

}  // namespace cairn::sim
