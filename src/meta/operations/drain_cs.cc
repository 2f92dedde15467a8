#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::DrainCs& operation) {
    const auto server = change.tables.servers.find(operation.cs);
    if (server == change.tables.servers.end())
        return Error(Code::not_found, fmt::format("CS#{} is not known", operation.cs.number));
    if (server->second.state == CsLoggedState::dropped)
        return Error(Code::invalid_argument,
                     fmt::format("CS#{} was removed by force", operation.cs.number));
    if (server->second.draining == operation.draining)
        return {};
    server->second.draining = operation.draining;
    change.effects.servers_changed.push_back(operation.cs);
    return {};
}

}  // namespace cairn::meta
