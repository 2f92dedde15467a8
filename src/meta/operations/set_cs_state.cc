#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::SetCsState& operation) {
    const auto server = change.tables.servers.find(operation.cs);
    if (server == change.tables.servers.end())
        return Error(Code::not_found, fmt::format("CS#{} is not known", operation.cs.number));
    if (operation.state != CsLoggedState::known && operation.state != CsLoggedState::offline &&
        operation.state != CsLoggedState::dropped)
        return Error(Code::invalid_argument, "a chunk server is known, offline or dropped");
    if (server->second.state == operation.state)
        return {};
    if (server->second.state == CsLoggedState::dropped)
        return Error(Code::invalid_argument,
                     fmt::format("CS#{} was removed by force", operation.cs.number));
    server->second.state = operation.state;
    change.effects.servers_changed.push_back(operation.cs);
    return {};
}

}  // namespace cairn::meta
