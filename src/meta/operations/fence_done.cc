#include "meta/operations/operations.h"

namespace cairn::meta {

Answer apply(Change& change, const logged::FenceDone& operation) {
    logged::FenceDoneAnswer answer;
    for (const auto& [file, epoch] : operation.files) {
        const Node* node = change.catalogue.node(file);
        const auto lease = change.tables.leases.find(file);
        if (node == nullptr || lease == change.tables.leases.end() || !lease->second.fence ||
            node->epoch != epoch)
            continue;
        lease->second.fence.reset();
        // A server that left and stayed silent was waited out for the holders that are gone only:
        // those that remain may still read there under maps of before.
        if (lease->second.mode == LeaseMode::none)
            lease->second.left.clear();
        change.drop_lease_if_idle(file);
        change.effects.unfenced.push_back(file);
        answer.lifted++;
    }
    return Answer::of(answer);
}

}  // namespace cairn::meta
