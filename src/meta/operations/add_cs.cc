#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::AddCs& operation) {
    if (operation.host.is_none() || operation.repository.empty() ||
        operation.repository.size() > path_bytes_max || operation.tier > tier_highest)
        return Error(Code::invalid_argument,
                     "a chunk server has a host, a repository and a tier from 0 to 3");
    // A make-cs that was retried must not leave a second record behind.
    for (const auto& [cs, record] : change.tables.servers)
        if (record.host == operation.host && record.repository == operation.repository &&
            record.sync_epoch == 0)
            return Answer::of(logged::AddCsAnswer{cs});
    CsId& next = change.tables.counters.next_cs;
    const CsId cs = next;
    next = next.next();
    CsRecord record;
    record.host = operation.host;
    record.host_name = operation.host_name;
    record.repository = operation.repository;
    record.tier = operation.tier;
    change.tables.servers.emplace(cs, std::move(record));
    change.effects.servers_changed.push_back(cs);
    return Answer::of(logged::AddCsAnswer{cs});
}

}  // namespace cairn::meta
