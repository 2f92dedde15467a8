// The cluster's event log: the last events, numbered from 1. The catalogue owns it; get-event and
// the status screens show it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/time.h"
#include "wire/log_cluster.h"

namespace cairn::meta {

struct Event {
    uint64_t number = 0;
    WallTime time;
    EventSystem system = EventSystem::mds;
    EventSeverity severity = EventSeverity::info;
    std::string text;

    bool operator==(const Event&) const = default;
    template <class A>
    void fields(A& archive) {
        archive(number, time, system, severity, text);
    }
};

class EventLog {
  public:
    void add(WallTime time, EventSystem system, EventSeverity severity, std::string text);
    // At most `limit` events with numbers above `after`, in order.
    [[nodiscard]] std::vector<Event> list(uint64_t after, size_t limit) const;
    [[nodiscard]] const std::deque<Event>& all() const { return events_; }
    [[nodiscard]] uint64_t last_number() const { return last_number_; }
    // As a snapshot told it: events with rising numbers, at most events_max.
    [[nodiscard]] bool restore(uint64_t last_number, std::deque<Event> events);

    static constexpr size_t events_max = 10'000;
    static constexpr size_t text_bytes_max = 1000;

  private:
    std::deque<Event> events_;
    uint64_t last_number_ = 0;
};

// "MDS", "JRN", "MON" and "INF", "WRN", "ERR" (MON-092, MON-093).
[[nodiscard]] std::string_view name_of(EventSystem system);
[[nodiscard]] std::string_view name_of(EventSeverity severity);

}  // namespace cairn::meta
