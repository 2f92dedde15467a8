#include "meta/catalogue/lease_rules.h"
#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::EndLeases& operation) {
    if (operation.reason < logged::LeaseEnd::expired ||
        operation.reason > logged::LeaseEnd::no_unsuspect_source)
        return Error(Code::invalid_argument, "a lease ends for a known reason");
    logged::EndLeasesAnswer answer;
    for (const auto& ended : operation.files) {
        const Node* node = change.catalogue.node(ended.file);
        const FileLease* lease = change.catalogue.lease(ended.file);
        if (node == nullptr || lease == nullptr || node->epoch != ended.epoch)
            continue;
        std::set<ClientId> holding;
        for (const auto& [client, instance] : ended.holders)
            if (lease->held_by(client, instance))
                holding.insert(client);
        if (holding.empty())
            continue;
        end_leases(change, ended.file, {holding.begin(), holding.end()}, operation.reason);
        answer.leases_ended += static_cast<uint32_t>(holding.size());
    }
    return Answer::of(answer);
}

}  // namespace cairn::meta
