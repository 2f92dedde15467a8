#include "meta/catalogue/events.h"

#include <algorithm>

namespace cairn::meta {

void EventLog::add(WallTime time, EventSystem system, EventSeverity severity, std::string text) {
    if (text.size() > text_bytes_max)
        text.resize(text_bytes_max);
    last_number_++;
    events_.push_back(Event{last_number_, time, system, severity, std::move(text)});
    if (events_.size() > events_max)
        events_.pop_front();
}

std::vector<Event> EventLog::list(uint64_t after, size_t limit) const {
    const auto first = std::upper_bound(events_.begin(), events_.end(), after,
                                        [](uint64_t n, const Event& e) { return n < e.number; });
    const auto count = std::min<size_t>(limit, static_cast<size_t>(events_.end() - first));
    return {first, first + static_cast<ptrdiff_t>(count)};
}

bool EventLog::restore(uint64_t last_number, std::deque<Event> events) {
    uint64_t before = 0;
    for (const Event& event : events) {
        if (event.number <= before || event.number > last_number)
            return false;
        before = event.number;
    }
    if (events.size() > events_max)
        return false;
    events_ = std::move(events);
    last_number_ = last_number;
    return true;
}

std::string_view name_of(EventSystem system) {
    switch (system) {
        case EventSystem::mds: return "MDS";
        case EventSystem::journal: return "JRN";
        case EventSystem::monitor: return "MON";
    }
    return "???";
}

std::string_view name_of(EventSeverity severity) {
    switch (severity) {
        case EventSeverity::info: return "INF";
        case EventSeverity::warning: return "WRN";
        case EventSeverity::error: return "ERR";
    }
    return "???";
}

}  // namespace cairn::meta
