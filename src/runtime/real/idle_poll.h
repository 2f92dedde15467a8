// IdlePoll: whether a reactor that has nothing to do should look for completions for a moment
// before it sleeps. It pays where answers come within microseconds and a core has nothing better to
// do; anywhere else it takes time from those who work.
#pragma once

#include "base/time.h"

namespace cairn::real {

class IdlePoll {
  public:
    explicit IdlePoll(Duration limit);
    IdlePoll(const IdlePoll&) = delete;
    IdlePoll& operator=(const IdlePoll&) = delete;
    ~IdlePoll();

    [[nodiscard]] Duration limit() const { return limit_; }
    [[nodiscard]] bool worthwhile(Instant now);
    // How long the reactor had nothing to do, polling and sleeping together.
    void waited(Duration gap) { last_gap_ = gap; }

  private:
    [[nodiscard]] bool read_core_is_idle() const;

    Duration limit_;
    Duration last_gap_;
    Instant looked_;
    bool core_is_idle_ = false;
    int load_file_;  // /proc/loadavg, kept open
    long cores_;
};

}  // namespace cairn::real
