#include "runtime/sim/thread.h"

#include <array>
#include <fmt/core.h>

namespace cairn::sim {

void SimLog::write(Severity severity, std::string_view component, std::string_view text) {
    static constexpr std::array<std::string_view, 4> severities = {"debug", "info", "warning",
                                                                   "error"};
    core_.trace.record(core_.now(), TraceKind::log, static_cast<uint64_t>(severity));
    core_.trace.record_bytes(bytes_of(text));
    if (core_.trace.wanted())
        core_.trace.say(
            core_.now(), who_,
            fmt::format("{} {}: {}", severities[static_cast<size_t>(severity)], component, text));
    if (core_.log_sink)
        core_.log_sink(who_, severity, component, text);
}

}  // namespace cairn::sim
