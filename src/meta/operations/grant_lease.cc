#include <fmt/core.h>

#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

Result<void> check_client(const Change& change, const logged::GrantLease& operation) {
    const ClientRecord* client = change.catalogue.client(operation.client);
    if (client == nullptr || client->instance != operation.instance)
        return Error(Code::instance_fenced,
                     fmt::format("this instance of client {} is not registered, or a newer one "
                                 "took over: register again",
                                 operation.client.number));
    if (operation.mode != LeaseMode::shared && operation.mode != LeaseMode::exclusive)
        return Error(Code::invalid_argument, "a lease is shared or exclusive");
    if (operation.timeout < Duration{0} || operation.timeout > lease_timeout_most)
        return Error(Code::invalid_argument, "a lease lasts at most an hour without a refresh");
    return {};
}

// Another holder that excludes the wanted lease.
const LeaseHolder* conflict(const Change& change, const FileLease& lease,
                            const logged::GrantLease& operation) {
    const bool both_shared = lease.mode == LeaseMode::shared && operation.mode == LeaseMode::shared;
    const bool both_exclusive =
        lease.mode == LeaseMode::exclusive && operation.mode == LeaseMode::exclusive;
    if (both_shared || (!both_exclusive && !change.rules.shared_excludes_exclusive))
        return nullptr;
    for (const LeaseHolder& held : lease.holders)
        if (held.client != operation.client)
            return &held;
    return nullptr;
}

}  // namespace

Answer apply(Change& change, const logged::GrantLease& operation) {
    const Result<const Node*> found = change.find_file(operation.file);
    if (!found)
        return found.error();
    if (const Result<void> client = check_client(change, operation); !client)
        return client.error();
    const Catalogue& catalogue = change.catalogue;
    const FileLease* lease = catalogue.lease(operation.file);
    if (lease != nullptr) {
        if (const LeaseHolder* other = conflict(change, *lease, operation))
            return Error(Code::busy,
                         fmt::format("held by {}", catalogue.client_text(other->client)));
        if (lease->fence && change.rules.fence_blocks_grants)
            return Error(Code::retry,
                         fmt::format("{}: chunk servers have yet to confirm the end of its last "
                                     "lease",
                                     catalogue.path_of(operation.file)));
    }
    if ((*found)->name == nullptr &&
        (lease == nullptr || lease->holder(operation.client) == nullptr))
        return Error(Code::not_found, "the file was removed");

    // Opens on one client share its lease: the stronger mode and the longer timeout hold.
    const LeaseHolder* own = lease == nullptr ? nullptr : lease->holder(operation.client);
    const LeaseMode mode_now = lease == nullptr ? LeaseMode::none : lease->mode;
    const bool keeps =
        own != nullptr && (mode_now == LeaseMode::exclusive || operation.mode == LeaseMode::shared);
    LeaseHolder holder{
        operation.client, operation.instance,
        operation.timeout == Duration{0} ? lease_timeout_default : operation.timeout};
    if (own != nullptr)
        holder.timeout = std::max(holder.timeout, own->timeout);
    if (!keeps && (operation.mode == LeaseMode::exclusive || mode_now == LeaseMode::none)) {
        Node& node = change.edit_node(operation.file);
        node.epoch = node.epoch.next();
    }
    change.add_holder(operation.file, keeps ? mode_now : operation.mode, holder);
    const Node& node = *catalogue.node(operation.file);
    return Answer::of(logged::GrantLeaseAnswer{node.epoch, holder.timeout,
                                               *catalogue.attributes(operation.file)});
}

}  // namespace cairn::meta
