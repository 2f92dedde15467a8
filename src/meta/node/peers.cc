// The MetaNode's connections to its peers: messages out and in.
#include <fmt/core.h>

#include "base/checksum.h"
#include "meta/node/member_address.h"
#include "meta/node/meta_node.h"
#include "raft/codec.h"

namespace cairn::meta {

// Links follow the members that raft counts on now.
void MetaNode::look_at_members() {
    const std::vector<raft::Member>& members = raft_.membership().members;
    for (const raft::Member& member : members) {
        const Address address = address_of(member);
        if (member.id == self() || address.is_none())
            continue;
        std::unique_ptr<PeerLink>& link = peers_[member.id];
        if (link && link->address() == address)
            continue;
        if (link)
            scope_.spawn(retire(std::move(link)));
        link = std::make_unique<PeerLink>(
            runtime_, access_, member.id, address,
            [this](MdsId peer, const Error& error) { peer_failed(peer, error); },
            [this](MdsId peer, MdsReport report) { reports_[peer] = std::move(report); });
        scope_.spawn(link->run());
        state_changed_.notify_all();
    }
    for (auto peer = peers_.begin(); peer != peers_.end();) {
        if (raft_.membership().find(peer->first) != nullptr) {
            ++peer;
            continue;
        }
        scope_.spawn(retire(std::move(peer->second)));
        peer = peers_.erase(peer);
        state_changed_.notify_all();
    }
}

void MetaNode::peer_failed(MdsId peer, const Error& error) {
    if (error.code() == Code::permission_denied) {
        fail({Code::permission_denied,
              fmt::format("MDS#{} was removed from cluster {} (MDS#{} says so): its repository {} "
                          "can be deleted",
                          self().number, store_.identity().cluster_name, peer.number,
                          store_.directory())});
        return;
    }
    raft_.report_unreachable(peer);
}

// Ids are never used twice, so whoever is behind the counter and in neither list is gone for good;
// this server may be behind, and not know servers that came later.
bool MetaNode::was_removed(MdsId mds) const {
    return mds < catalogue_->counters().next_mds &&
           !catalogue_->metadata_servers().contains(mds) &&
           raft_.membership().find(mds) == nullptr;
}

Task<void> MetaNode::retire(std::unique_ptr<PeerLink> link) {
    link->stop();
    co_await link->ended();
}

Task<rpc::Response> MetaNode::handle_messages(MdsId from, rpc::Request request) {
    if (was_removed(from))
        co_return rpc::Response::failure(
            {Code::permission_denied,
             fmt::format("MDS#{} was removed from the cluster", from.number)});
    const Result<RaftMessagesRequest> header =
        decode<RaftMessagesRequest>(request.body.view());
    if (!header)
        co_return rpc::Response::failure(header.error());
    if (checksum(request.payload.view()) != header->payload_checksum)
        co_return rpc::Response::failure({Code::corrupt, "the messages do not verify"});
    const Result<void> taken = take_messages(from, request.payload.view(), header->count);
    poke();
    if (!taken)
        co_return rpc::Response::failure(taken.error());
    co_return rpc::Response(encode(reports_[self()]));
}

Result<void> MetaNode::take_messages(MdsId from, ByteView payload, uint32_t count) {
    ByteReader in(payload);
    for (uint32_t i = 0; i < count && !stopping_.is_set(); i++) {
        const Result<raft::Message> message = raft::decode_message(in.get_bytes());
        if (!message)
            return message.error();
        if (message->from != from)
            return Error(Code::invalid_argument,
                         fmt::format("MDS#{} speaks for MDS#{}", from.number,
                                     message->from.number));
        const Result<void> stepped = raft_.step(*message);
        if (!stepped && stepped.code() == Code::corrupt) {
            fail(stepped.error());
            return stepped;
        }
        if (!stepped)
            return stepped;
    }
    return {};
}

}  // namespace cairn::meta
