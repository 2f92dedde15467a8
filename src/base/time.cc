#include "base/time.h"

#include <charconv>
#include <chrono>
#include <fmt/core.h>

namespace cairn {

std::string uptime_text(Duration duration) {
    const int64_t minutes = duration.seconds() / 60;
    const int64_t hours = minutes / 60;
    const int64_t days = hours / 24;
    if (days > 0)
        return fmt::format("{}d {}h", days, hours % 24);
    if (hours > 0)
        return fmt::format("{}h {}m", hours, minutes % 60);
    return fmt::format("{} min", minutes);
}

std::string event_time_text(WallTime time) {
    const std::chrono::sys_time<std::chrono::nanoseconds> point{
        std::chrono::nanoseconds(time.nanoseconds)};
    const auto day = std::chrono::floor<std::chrono::days>(point);
    const std::chrono::year_month_day date(day);
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(point - day).count();
    return fmt::format("{:02}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<unsigned>(date.day()),
                       static_cast<unsigned>(date.month()), static_cast<int>(date.year()) % 100,
                       second / 3600, second / 60 % 60, second % 60);
}

Result<Duration> parse_duration(std::string_view text) {
    int64_t count = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
    int64_t scale = 0;
    if (unit.empty() || unit == "s" || unit == "sec")
        scale = seconds(1).nanoseconds;
    else if (unit == "ms")
        scale = milliseconds(1).nanoseconds;
    else if (unit == "m" || unit == "min")
        scale = seconds(60).nanoseconds;
    else if (unit == "h")
        scale = seconds(3600).nanoseconds;
    else if (unit == "d")
        scale = seconds(86400).nanoseconds;
    int64_t total = 0;
    if (problem != std::errc() || scale == 0 || count < 0 ||
        __builtin_mul_overflow(count, scale, &total))
        return Error(
            Code::invalid_argument,
            fmt::format("'{}' is not a time: use a number with s, min or h, as in 5min", text));
    return Duration{total};
}

}  // namespace cairn
