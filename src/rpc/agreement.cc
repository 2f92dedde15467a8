#include "rpc/agreement.h"

#include <algorithm>
#include <fmt/core.h>

namespace cairn::rpc {

namespace {

// Zero where they have none in common.
uint16_t choose_version(const VersionRange& a, const VersionRange& b) {
    const uint16_t highest = std::min(a.max, b.max);
    return highest >= std::max(a.min, b.min) ? highest : 0;
}

// A client may not know the id (it joins) or the name yet; what it knows must be right.
bool may_be_same(const ClusterIdentity& client, const ClusterIdentity& server) {
    return (client.id.is_none() || client.id == server.id) &&
           (client.name.empty() || client.name == server.name);
}

std::string range_text(const VersionRange& range) {
    return range.min == range.max ? fmt::format("{}", range.min)
                                  : fmt::format("{} to {}", range.min, range.max);
}

Error wrong_cluster(const ClusterIdentity& wanted, const ClusterIdentity& found) {
    return {Code::wrong_cluster, fmt::format("it belongs to cluster {}, not to {}",
                                             to_string(found), to_string(wanted))};
}

Error version_mismatch(const VersionRange& ours, const VersionRange& theirs) {
    return {Code::version_mismatch,
            fmt::format("it speaks protocol version {}, this program {}: update the older one",
                        range_text(theirs), range_text(ours))};
}

}  // namespace

ServerHello answer_hello(const ServerIdentity& server, const ClientHello& client,
                         const Nonce& nonce) {
    ServerHello answer;
    answer.versions = server.versions;
    answer.version = choose_version(client.versions, server.versions);
    answer.features = client.features & server.features;
    answer.cluster = server.cluster;
    answer.identity = server.identity;
    answer.derivation = server.derivation;
    answer.nonce = nonce;
    if (!may_be_same(client.cluster, server.cluster))
        answer.status = Code::wrong_cluster;
    else if (answer.version == 0)
        answer.status = Code::version_mismatch;
    return answer;
}

Result<void> accept_hello(const ClientHello& client, const ServerHello& server) {
    // Its word alone is not taken: a server that chose what was not offered is refused too.
    if (server.status == Code::wrong_cluster || !may_be_same(client.cluster, server.cluster))
        return wrong_cluster(client.cluster, server.cluster);
    if (server.status == Code::version_mismatch ||
        (server.status == Code::ok &&
         server.version != choose_version(client.versions, server.versions)))
        return version_mismatch(client.versions, server.versions);
    if (server.status != Code::ok)
        return Error(server.status, fmt::format("it refused: {}", name_of(server.status)));
    if ((server.features & ~client.features) != 0)
        return Error(Code::version_mismatch, "it chose features that were not offered");
    return {};
}

}  // namespace cairn::rpc
