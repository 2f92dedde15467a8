#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

// A chunk that is being made there finds its server gone (add_chunks), as does a join.
Answer apply(Change& change, const logged::RemoveCs& operation) {
    const auto server = change.tables.servers.find(operation.cs);
    if (server == change.tables.servers.end())
        return Error(Code::not_found, fmt::format("CS#{} is not known", operation.cs.number));
    if (server->second.stays())
        return Error(Code::invalid_argument,
                     fmt::format("CS#{} is not being removed (any more)", operation.cs.number));
    if (!server->second.chunks.empty())
        return Error(Code::not_empty,
                     fmt::format("CS#{} holds replicas of {} chunks", operation.cs.number,
                                 server->second.chunks.size()));
    change.tables.servers.erase(server);
    change.effects.servers_changed.push_back(operation.cs);
    return {};
}

}  // namespace cairn::meta
