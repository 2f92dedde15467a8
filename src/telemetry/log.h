// Log: where a program says, line by line, what it does. The real runtime writes lines for people
// and the journal; the simulator collects them into its trace. An error is logged once, where it is
// handled.
#pragma once

#include <cstdint>
#include <string_view>

namespace cairn {

enum class Severity : uint8_t { debug, info, warning, error };

class Log {
  public:
    virtual ~Log() = default;
    // `component` is a short constant word ("cs", "mds", "client", "rpc"); `text` one line without
    // a newline.
    virtual void write(Severity severity, std::string_view component, std::string_view text) = 0;
};

}  // namespace cairn
