#include "runtime/real/stderr_log.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fmt/core.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace cairn::real {

namespace {

// systemd says in the environment which file the journal is, so that a redirected program is not
// fooled by an inherited variable.
bool is_journal(int descriptor) {
    const char* const stream = ::getenv("JOURNAL_STREAM");
    struct stat status{};
    return stream != nullptr && ::fstat(descriptor, &status) == 0 &&
           fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

int syslog_priority(Severity severity) {
    switch (severity) {
        case Severity::debug:
            return 7;
        case Severity::info:
            return 6;
        case Severity::warning:
            return 4;
        case Severity::error:
            return 3;
    }
    return 3;
}

std::string_view name_of(Severity severity) {
    switch (severity) {
        case Severity::debug:
            return "DEBUG";
        case Severity::info:
            return "INFO";
        case Severity::warning:
            return "WARNING";
        case Severity::error:
            return "ERROR";
    }
    return "ERROR";
}

// In UTC, so that the logs of all hosts of a cluster lie side by side.
std::string time_text() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                       now.tv_nsec / 1'000'000);
}

}  // namespace

StderrLog::StderrLog(Severity least) : least_(least), journal_(is_journal(STDERR_FILENO)) {}

void StderrLog::write(Severity severity, std::string_view component, std::string_view text) {
    if (severity < least_)
        return;
    std::string line =
        journal_ ? fmt::format("<{}>{}: {}", syslog_priority(severity), component, text)
                 : fmt::format("{} {} {}: {}", time_text(), name_of(severity), component, text);
    // A name or a message from outside must not be able to forge a line of its own.
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
    line += '\n';
    // One call, so that the lines of several programs do not mix. A log that is gone stops nobody.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace cairn::real
