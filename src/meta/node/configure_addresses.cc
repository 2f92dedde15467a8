#include "meta/node/configure_addresses.h"

#include <fmt/core.h>

#include "raft/membership.h"

namespace cairn::meta {

namespace {

// As consensus would take it from this log: an entry counts from when it was appended.
Result<raft::Membership> members_in_force(const raft::Restored& restored) {
    raft::Membership members = restored.snapshot.membership;
    for (const raft::Entry& entry : restored.entries) {
        if (entry.kind != raft::EntryKind::membership)
            continue;
        Result<raft::Membership> decoded = raft::decode_membership(entry.payload.view());
        if (!decoded)
            return decoded.error();
        members = std::move(*decoded);
    }
    return members;
}

Task<Result<ConfiguredAddresses>> configure(LogStore& store, std::string cluster,
                                            std::vector<NewAddress> addresses) {
    const MdsIdentity& identity = store.identity();
    if (!cluster.empty() && cluster != identity.cluster_name)
        co_return Error(
            Code::wrong_cluster,
            fmt::format("{} is the repository of MDS#{} of cluster '{}', not of '{}'",
                        store.directory(), identity.mds.number, identity.cluster_name, cluster));
    Result<raft::Membership> members = members_in_force(store.take_restored());
    if (!members)
        co_return store.damaged(members.error());
    Result<AddressPlan> plan = plan_addresses(*members, std::move(addresses), store.address_plan());
    if (!plan)
        co_return plan.error();
    if (plan->address_of(identity.mds).is_none())
        co_return Error(Code::invalid_argument,
                        fmt::format("MDS#{}, whose repository this is, is not a member of its "
                                    "cluster any more",
                                    identity.mds.number));
    CO_TRY(co_await store.set_address_plan(*plan));
    co_return ConfiguredAddresses{store.identity(), std::move(*plan)};
}

}  // namespace

Task<Result<ConfiguredAddresses>> configure_addresses(Runtime& runtime, std::string directory,
                                                      std::string cluster,
                                                      std::vector<NewAddress> addresses,
                                                      LogStoreOptions options) {
    auto store = co_await LogStore::open(runtime, directory, options);
    if (!store && store.code() == Code::busy)
        co_return Error(Code::busy,
                        fmt::format("{}: its metadata server runs. Stop it first (systemctl stop "
                                    "vstorage-mdsd.target)",
                                    directory));
    if (!store)
        co_return store.error();
    auto configured = co_await configure(**store, std::move(cluster), std::move(addresses));
    co_await (*store)->close();
    co_return configured;
}

}  // namespace cairn::meta
