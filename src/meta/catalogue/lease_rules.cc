#include "meta/catalogue/lease_rules.h"

#include <algorithm>

#include "meta/catalogue/chunk_rules.h"

namespace cairn::meta {

namespace {

// Until the fence is done it stands for every end since it began: only if all were expiries has the
// clock run out for all.
Fence joined_fence(const std::optional<Fence>& standing, logged::LeaseEnd reason,
                   Duration timeout) {
    if (!standing)
        return {reason, timeout};
    const bool expired = reason == logged::LeaseEnd::expired;
    return {expired ? standing->reason : reason, std::max(standing->timeout, timeout)};
}

std::vector<ChunkId> marked_chunks(const Tables& tables, FileId file) {
    std::vector<ChunkId> chunks;
    for (auto mark = tables.marks.lower_bound({file, ChunkId{}});
         mark != tables.marks.end() && mark->first == file; ++mark)
        chunks.push_back(mark->second);
    return chunks;
}

}  // namespace

void end_leases(Change& change, FileId file, const std::vector<ClientId>& clients,
                logged::LeaseEnd reason) {
    Node& node = change.edit_node(file);
    node.epoch = node.epoch.next();
    FileLease& lease = change.tables.leases.at(file);
    const LeaseMode mode = lease.mode;
    for (const ClientId client : clients) {
        const LeaseHolder held = *lease.holder(client);
        lease.fence = joined_fence(lease.fence, reason, held.timeout);
        change.remove_holder(file, client);
        change.effects.leases_ended.push_back(
            EndedLease{file, client, held.instance, mode, node.epoch, reason});
    }
    change.effects.fenced.push_back(file);
    if (mode == LeaseMode::exclusive)
        for (const ChunkId chunk : marked_chunks(change.tables, file))
            start_comparison(change, chunk);
    change.free_if_unused(file);
}

void end_leases_of_client(Change& change, ClientId client, logged::LeaseEnd reason) {
    for (const FileId file : change.catalogue.leases_of(client))
        end_leases(change, file, {client}, reason);
}

}  // namespace cairn::meta
