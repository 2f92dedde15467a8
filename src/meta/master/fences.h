// Fences: after a lease that was not closed cleanly, every chunk server that was in a map given
// under it must confirm the new epoch before the next lease is granted. One task a fenced file; it
// ends when the fence is lifted in the log.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "meta/catalogue/effects.h"
#include "runtime/runtime.h"

namespace cairn::meta {

class Master;

class Fences {
  public:
    explicit Fences(Master& master) : master_(master) {}

    // Idempotent: a fence that is under way picks up the newer epoch by itself.
    void begin(FileId file);
    // How long silent servers that left hold the next grant back, now that this lease has ended.
    void lease_ended(const EndedLease& ended);

  private:
    Task<void> run(FileId file);
    // One round: asks everyone who has not confirmed `epoch`. True if nobody is missing.
    Task<bool> ask(FileId file, LeaseEpoch epoch, std::set<CsId>& confirmed);
    Task<void> ask_one(FileId file, LeaseEpoch epoch, CsId cs, std::set<CsId>& confirmed);
    // The replicas of `file` on a server that did not answer leave, where they may. `silent`: all
    // that did not.
    Task<void> let_leave(FileId file, CsId cs, const std::vector<CsId>& silent);
    [[nodiscard]] Instant held_until(FileId file) const;

    Master& master_;
    std::set<FileId> running_;
    std::map<FileId, Instant> hold_until_;  // of leases that this master saw end
};

}  // namespace cairn::meta
