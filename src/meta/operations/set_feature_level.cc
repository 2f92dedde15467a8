#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::SetFeatureLevel& operation) {
    uint16_t& level = change.tables.feature_level;
    if (operation.level < level || operation.level > feature_level_newest)
        return Error(Code::invalid_argument,
                     fmt::format("feature level {} is not from {} to {}", operation.level, level,
                                 feature_level_newest));
    level = operation.level;
    change.effects.feature_level_changed = true;
    return {};
}

}  // namespace cairn::meta
