// StderrLog: a line for each entry, on standard error: with date and time for people
//     2026-03-01 12:34:56.789 WARNING cs: text
// or, where standard error is the systemd journal, which keeps the time itself, with its priority
//     <4>cs: text
#pragma once

#include "telemetry/log.h"

namespace cairn::real {

class StderrLog final : public Log {
  public:
    // What is less severe than `least` is left out.
    explicit StderrLog(Severity least);
    void write(Severity severity, std::string_view component, std::string_view text) override;

  private:
    Severity least_;
    bool journal_;
};

}  // namespace cairn::real
