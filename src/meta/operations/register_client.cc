#include <algorithm>
#include <fmt/core.h>

#include "meta/catalogue/lease_rules.h"
#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

void take_over(Change& change, ClientId client, ClientRecord& record, InstanceId instance) {
    end_leases_of_client(change, client, logged::LeaseEnd::taken_over);
    record.former.push_back(record.instance);
    if (record.former.size() > ClientRecord::former_max)
        record.former.erase(record.former.begin());
    record.instance = instance;
    record.session = {};
}

}  // namespace

Answer apply(Change& change, const logged::RegisterClient& operation) {
    if (operation.instance.is_none() || operation.name.size() > path_bytes_max ||
        operation.host_name.size() > name_bytes_max)
        return Error(Code::invalid_argument, "a client needs an instance and a name of its own");
    for (auto& [client, record] : change.tables.clients) {
        if (record.host != operation.host || record.name != operation.name)
            continue;
        if (std::ranges::find(record.former, operation.instance) != record.former.end())
            return Error(Code::instance_fenced,
                         fmt::format("a newer instance of client {} ({} at {}) took over",
                                     client.number, record.name, record.host_name));
        record.host_name = operation.host_name;
        if (record.instance != operation.instance)
            take_over(change, client, record, operation.instance);
        change.effects.clients_changed.push_back(client);
        return Answer::of(logged::RegisterClientAnswer{client});
    }
    ClientId& next = change.tables.counters.next_client;
    const ClientId client = next;
    next = next.next();
    ClientRecord record;
    record.host = operation.host;
    record.host_name = operation.host_name;
    record.name = operation.name;
    record.instance = operation.instance;
    change.tables.clients.emplace(client, std::move(record));
    change.effects.clients_changed.push_back(client);
    return Answer::of(logged::RegisterClientAnswer{client});
}

}  // namespace cairn::meta
