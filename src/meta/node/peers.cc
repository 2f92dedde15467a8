// The MetaNode's connections to its peers: messages out and in.
#include <fmt/core.h>
#include <utility>

#include "base/checksum.h"
#include "meta/node/member_address.h"
#include "meta/node/meta_node.h"
#include "raft/codec.h"

namespace cairn::meta {

namespace {

constexpr size_t strangers_max = 16;

}  // namespace

// Links follow the members that raft counts on now, and those that speak to us as such.
void MetaNode::look_at_members() {
    const raft::Membership& members = raft_.membership();
    for (const raft::Member& member : members.members)
        link_to(member.id, address_in_use(member.id, address_of(member)));
    std::erase_if(strangers_, [&](const auto& stranger) {
        return members.find(stranger.first) != nullptr || was_removed(stranger.first);
    });
    for (const auto& [mds, address] : strangers_)
        link_to(mds, address);
    for (auto peer = peers_.begin(); peer != peers_.end();) {
        if (members.find(peer->first) != nullptr || strangers_.contains(peer->first)) {
            ++peer;
            continue;
        }
        scope_.spawn(retire(std::move(peer->second)));
        peer = peers_.erase(peer);
        state_changed_.notify_all();
    }
}

void MetaNode::link_to(MdsId mds, const Address& address) {
    if (mds == self() || address.is_none())
        return;
    std::unique_ptr<PeerLink>& link = peers_[mds];
    if (link && link->address() == address)
        return;
    if (link)
        scope_.spawn(retire(std::move(link)));
    link = std::make_unique<PeerLink>(
        runtime_, access_, mds, address,
        [this](MdsId peer, const Error& error) { peer_failed(peer, error); },
        [this](MdsId peer, MdsReport report) { reports_[peer] = std::move(report); });
    scope_.spawn(link->run());
    state_changed_.notify_all();
}

// A new server hears of its master before it has a log to know it from, and must answer.
void MetaNode::note_sender(MdsId from, const Address& address) {
    if (raft_.membership().find(from) != nullptr || strangers_.size() >= strangers_max)
        return;
    strangers_[from] = address;
    look_at_members();
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
    if (error.code() == Code::behind) {
        fail(restored_error(peer));
        return;
    }
    if (error.code() == Code::instance_fenced)
        tell_once(peer, error);
    raft_.report_unreachable(peer);
}

// What an administrator has to see to, and what would come back with every message.
void MetaNode::tell_once(MdsId peer, const Error& error) {
    if (std::exchange(told_[peer], error.message()) != error.message())
        runtime_.log.write(Severity::error, "mds", error.message());
}

// Ids are never used twice, so whoever is behind the counter and in neither list is gone for good;
// this server may be behind, and not know servers that came later.
bool MetaNode::was_removed(MdsId mds) const {
    return mds < catalogue_->counters().next_mds && !catalogue_->metadata_servers().contains(mds) &&
           !counts(mds);
}

// Until its removal is committed a member's vote may be needed: the change may yet be taken back.
bool MetaNode::counts(MdsId mds) const {
    return raft_.membership().find(mds) != nullptr ||
           raft_.committed_membership().find(mds) != nullptr;
}

Task<void> MetaNode::retire(std::unique_ptr<PeerLink> link) {
    link->stop();
    co_await link->ended();
}

Task<rpc::Response> MetaNode::handle_messages(MdsId from, rpc::Request request) {
    if (stopping_.is_set())
        co_return rpc::Response::failure({Code::unavailable, "this metadata server is stopping"});
    if (was_removed(from))
        co_return rpc::Response::failure(
            {Code::permission_denied,
             fmt::format("MDS#{} was removed from the cluster", from.number)});
    const Result<RaftMessagesRequest> header = decode<RaftMessagesRequest>(request.body.view());
    if (!header)
        co_return rpc::Response::failure(header.error());
    if (checksum(request.payload.view()) != header->payload_checksum)
        co_return rpc::Response::failure({Code::corrupt, "the messages do not verify"});
    if (const Result<void> whole = check_life(from, *header); !whole) {
        tell_once(from, whole.error());
        co_return rpc::Response::failure(whole.error());
    }
    if (const Result<void> known = check_sender(from, header->sender); !known) {
        tell_once(from, known.error());
        co_return rpc::Response::failure(known.error());
    }
    note_sender(from, header->sender);
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
            return Error(Code::invalid_argument, fmt::format("MDS#{} speaks for MDS#{}",
                                                             from.number, message->from.number));
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
