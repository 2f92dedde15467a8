// Durations and instants, in nanoseconds, as strong types. An Instant belongs to one host's
// monotonic clock and says nothing on another host; WallTime is for people (events, file times) and
// decides nothing.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cairn {

struct Duration {
    int64_t nanoseconds = 0;

    constexpr auto operator<=>(const Duration&) const = default;
    constexpr Duration operator+(Duration other) const { return {nanoseconds + other.nanoseconds}; }
    constexpr Duration operator-(Duration other) const { return {nanoseconds - other.nanoseconds}; }
    constexpr Duration operator*(int64_t factor) const { return {nanoseconds * factor}; }
    constexpr Duration operator/(int64_t divisor) const { return {nanoseconds / divisor}; }
    [[nodiscard]] constexpr int64_t microseconds() const { return nanoseconds / 1000; }
    [[nodiscard]] constexpr int64_t milliseconds() const { return nanoseconds / 1'000'000; }
    [[nodiscard]] constexpr int64_t seconds() const { return nanoseconds / 1'000'000'000; }
};

constexpr Duration nanoseconds(int64_t count) {
    return {count};
}
constexpr Duration microseconds(int64_t count) {
    return {count * 1000};
}
constexpr Duration milliseconds(int64_t count) {
    return {count * 1'000'000};
}
constexpr Duration seconds(int64_t count) {
    return {count * 1'000'000'000};
}

struct Instant {
    int64_t nanoseconds = 0;  // since an origin of this host's own

    constexpr auto operator<=>(const Instant&) const = default;
    constexpr Instant operator+(Duration d) const { return {nanoseconds + d.nanoseconds}; }
    constexpr Instant operator-(Duration d) const { return {nanoseconds - d.nanoseconds}; }
    constexpr Duration operator-(Instant other) const { return {nanoseconds - other.nanoseconds}; }
    static constexpr Instant never() { return {INT64_MAX}; }
};

struct WallTime {
    int64_t nanoseconds = 0;  // since 1970, UTC

    constexpr auto operator<=>(const WallTime&) const = default;
};

// "33 min", "2h 21m", "2d 4h", "17d 6h" (MON-023).
[[nodiscard]] std::string uptime_text(Duration duration);

// "21-02-14 16:55:20": DD-MM-YY HH:MM:SS in UTC (MON-091).
[[nodiscard]] std::string event_time_text(WallTime time);

// "300", "300s", "5min", "2h", "500ms": a bare number is seconds.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

}  // namespace cairn
