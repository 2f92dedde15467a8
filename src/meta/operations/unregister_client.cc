#include "meta/catalogue/lease_rules.h"
#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::UnregisterClient& operation) {
    const auto client = change.tables.clients.find(operation.client);
    if (client == change.tables.clients.end() || client->second.instance != operation.instance)
        return {};  // it is gone, as asked
    end_leases_of_client(change, operation.client, logged::LeaseEnd::expired);
    change.tables.clients.erase(client);
    change.effects.clients_changed.push_back(operation.client);
    return {};
}

}  // namespace cairn::meta
