#include "meta/catalogue/event_texts.h"
#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::SetConfig& operation) {
    if (const Result<void> set = change.tables.settings.set(operation.name, operation.value); !set)
        return set.error();
    change.effects.settings_changed = true;
    change.add_event(configuration_updated(operation.by));
    return {};
}

}  // namespace cairn::meta
