// CsTable: what this master knows of the chunk servers beyond the catalogue: when each spoke last,
// how full and how loaded it is, whether it has registered with this master. Nothing here survives
// the master; a new one knows nothing until they have reported. Pure.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "wire/cs_messages.h"

namespace cairn::meta {

enum class CsState : uint8_t {
    unknown,  // it has not spoken to this master yet, and may still do so in time
    active,
    inactive,  // missed its heartbeats
    offline,   // for longer than mds.wd.offline_tout
};

struct CsKnowledge {
    CsState state = CsState::unknown;
    bool registered = false;  // its chunks are known, and what may be admitted is
    Instant last_heard;
    uint64_t sync_epoch = 0;
    CsSpace space;
    CsCounters counters;
    uint32_t flags = 0;
    std::string build_version;
    uint64_t boot_id = 0;  // of its machine
    WallTime started;
    // Rates, from the last two heartbeats at least a second apart.
    Instant rates_since;
    CsCounters counters_before;
};

class CsTable {
  public:
    explicit CsTable(Instant elected) : elected_(elected) {}

    CsKnowledge& at(CsId cs) { return known_[cs]; }
    void forget(CsId cs) { known_.erase(cs); }
    [[nodiscard]] const CsKnowledge* find(CsId cs) const {
        const auto at = known_.find(cs);
        return at == known_.end() ? nullptr : &at->second;
    }
    [[nodiscard]] CsState state(CsId cs) const {
        const CsKnowledge* known = find(cs);
        return known == nullptr ? CsState::unknown : known->state;
    }
    // May be counted on: it speaks, and what it holds is known and admitted.
    [[nodiscard]] bool answers(CsId cs) const {
        const CsKnowledge* known = find(cs);
        return known != nullptr && known->registered && known->state == CsState::active;
    }
    // Ascending.
    [[nodiscard]] std::vector<CsId> answering() const {
        std::vector<CsId> list;
        for (const auto& [cs, known] : known_) {
            if (known.registered && known.state == CsState::active)
                list.push_back(cs);
        }
        return list;
    }
    [[nodiscard]] const std::map<CsId, CsKnowledge>& all() const { return known_; }
    // A chunk server that has not spoken to this master counts as silent from its election.
    [[nodiscard]] Instant silent_since(CsId cs) const {
        const CsKnowledge* known = find(cs);
        return known == nullptr || known->last_heard < elected_ ? elected_ : known->last_heard;
    }
    [[nodiscard]] Instant elected() const { return elected_; }

  private:
    Instant elected_;
    std::map<CsId, CsKnowledge> known_;
};

}  // namespace cairn::meta
