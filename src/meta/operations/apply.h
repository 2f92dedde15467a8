// apply: the one door through which the log changes the catalogue. Each metadata server calls it
// for every committed entry, once, in order.
#pragma once

#include "meta/catalogue/catalogue.h"
#include "meta/catalogue/effects.h"
#include "meta/rules.h"
#include "wire/log_entry.h"

namespace cairn::meta {

struct Applied {
    Answer answer;
    Effects effects;        // for the master
    bool repeated = false;  // the answer is the one kept from the first time; nothing was done
};

// An error means that this program cannot apply the entry (it is from a newer feature level, or
// damaged), and has changed nothing: the server must stop, since going on would part it from the
// others.
[[nodiscard]] Result<Applied> apply(Catalogue& catalogue, LogIndex index, const LogEntry& entry,
                                    const Rules& rules = {});

}  // namespace cairn::meta
