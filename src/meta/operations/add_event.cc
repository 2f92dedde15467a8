#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::AddEvent& operation) {
    if (operation.system < EventSystem::mds || operation.system > EventSystem::monitor ||
        operation.severity < EventSeverity::info || operation.severity > EventSeverity::error)
        return Error(Code::invalid_argument, "an event has a known system and severity");
    change.add_event(operation);
    return {};
}

}  // namespace cairn::meta
