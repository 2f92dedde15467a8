#include "meta/master/shortages.h"

#include "meta/catalogue/event_texts.h"
#include "meta/master/master.h"
#include "placement/choose.h"

namespace cairn::meta {

namespace {

constexpr Duration look_interval = seconds(1);
// At the border places come and go.
constexpr Duration over_after = seconds(10);

}  // namespace

void Shortages::found(const StorageAttributes& storage, std::string text) {
    const Kind kind{storage.replicas_norm, storage.replicas_min, storage.failure_domain,
                    storage.tier};
    const auto [known, is_news] = known_.try_emplace(kind, Shortage{storage});
    known->second.places_since = Instant::never();
    if (is_news)
        master_.events.note(allocation_failed(std::move(text)));
}

bool Shortages::has_places(const StorageAttributes& storage) const {
    placement::Wanted wanted;
    wanted.attributes = storage;
    wanted.count = storage.replicas_norm;
    return !placement::choose(master_.cluster_map(), wanted, master_.placement_policy()).shortage;
}

void Shortages::look() {
    const Instant now = master_.runtime.loop.now();
    if (known_.empty() || now < looked_ + look_interval)
        return;
    looked_ = now;
    for (auto at = known_.begin(); at != known_.end();) {
        Shortage& shortage = at->second;
        const bool places = has_places(shortage.storage);
        if (!places)
            shortage.places_since = Instant::never();
        else if (shortage.places_since == Instant::never())
            shortage.places_since = now;
        if (places && now >= shortage.places_since + over_after) {
            master_.events.note(allocation_succeeds(shortage.storage));
            at = known_.erase(at);
        } else {
            ++at;
        }
    }
}

}  // namespace cairn::meta
