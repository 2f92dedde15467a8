// Shortages: kinds of chunks that could not be placed lately: too few chunk servers have room, or
// exist. The first refusal of a kind is an event; those that follow are the same condition, until
// there have been places for a while, which is an event, too. In the master's memory only.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "base/time.h"
#include "wire/meta_types.h"

namespace cairn::meta {

class Master;

class Shortages {
  public:
    explicit Shortages(Master& master) : master_(master) {}

    // No chunk of such a file could be placed: `text` says so of this one.
    void found(const StorageAttributes& storage, std::string text);
    // Now and then: which are over?
    void look();

  private:
    // What placement goes by: replicas and their minimum, domain, tier.
    using Kind = std::tuple<uint8_t, uint8_t, FailureDomain, uint8_t>;
    struct Shortage {
        StorageAttributes storage;
        Instant places_since = Instant::never();  // never: there are none
    };
    [[nodiscard]] bool has_places(const StorageAttributes& storage) const;

    Master& master_;
    std::map<Kind, Shortage> known_;
    Instant looked_;
};

}  // namespace cairn::meta
