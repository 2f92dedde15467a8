// AddMds, ChangeMds, RemoveMds, MoveMds: what the status shows of metadata servers. Who votes is
// decided by the consensus below; these follow it.
#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <set>
#include <utility>

#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

Result<void> check_address(const Change& change, const Address& address, MdsId except) {
    if (address.is_none())
        return Error(Code::invalid_argument, "a metadata server has an address");
    for (const auto& [mds, record] : change.tables.metadata_servers)
        if (record.address == address && mds != except)
            return Error(Code::already_exists,
                         fmt::format("MDS#{} has the address {}", mds.number, to_string(address)));
    return {};
}

}  // namespace

Answer apply(Change& change, const logged::AddMds& operation) {
    if (const Result<void> free = check_address(change, operation.address, {}); !free)
        return free.error();
    MdsId& next = change.tables.counters.next_mds;
    const MdsId mds = next;
    next = next.next();
    change.tables.metadata_servers.emplace(mds, MdsRecord{operation.address, operation.voter});
    change.effects.metadata_servers_changed = true;
    return Answer::of(logged::AddMdsAnswer{mds});
}

Answer apply(Change& change, const logged::ChangeMds& operation) {
    const auto server = change.tables.metadata_servers.find(operation.mds);
    if (server == change.tables.metadata_servers.end())
        return Error(Code::not_found, fmt::format("MDS#{} is not known", operation.mds.number));
    if (const Result<void> free = check_address(change, operation.address, operation.mds); !free)
        return free.error();
    server->second = MdsRecord{operation.address, operation.voter};
    change.effects.metadata_servers_changed = true;
    return {};
}

Answer apply(Change& change, const logged::RemoveMds& operation) {
    if (change.tables.metadata_servers.erase(operation.mds) == 0)
        return Error(Code::not_found, fmt::format("MDS#{} is not known", operation.mds.number));
    change.effects.metadata_servers_changed = true;
    return {};
}

Answer apply(Change& change, const logged::MoveMds& operation) {
    auto& servers = change.tables.metadata_servers;
    std::map<MdsId, MdsRecord> moved = servers;
    for (const logged::MovedMds& server : operation.servers) {
        const auto record = moved.find(server.mds);
        // Removed since the plan was made: nothing of it is left to move.
        if (record == moved.end())
            continue;
        const Address& now = record->second.address;
        if (now != server.address && std::ranges::find(server.known, now) == server.known.end())
            return Error(Code::behind, fmt::format("MDS#{} has moved to {} meanwhile",
                                                   server.mds.number, to_string(now)));
        record->second.address = server.address;
    }
    std::set<Address> taken;
    for (const auto& [mds, record] : moved)
        if (record.address.is_none() || !taken.insert(record.address).second)
            return Error(Code::invalid_argument,
                         fmt::format("MDS#{} would have no address of its own", mds.number));
    if (std::exchange(servers, std::move(moved)) != servers)
        change.effects.metadata_servers_changed = true;
    return {};
}

}  // namespace cairn::meta
