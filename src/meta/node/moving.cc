// New addresses of the metadata servers, as configure-mds gave them. Each server follows its own
// plan from its start on; the master has the catalogue take it, then raft's membership, one server
// at a time; and each forgets the plan when its own log, on disk, says the same. Quorums are of
// ids, so a wrong address can only keep messages from arriving: docs/design/moving.md.
#include <fmt/core.h>

#include "meta/catalogue/event_texts.h"
#include "meta/node/member_address.h"
#include "meta/node/meta_node.h"

namespace cairn::meta {

namespace {

// A server that follows the cluster for so long, and still was given other addresses than the
// cluster has, was given wrong ones.
constexpr Duration strange_plan_reported = seconds(20);
constexpr Duration silence_reported = seconds(10);

}  // namespace

Address MetaNode::address_in_use(MdsId mds, const Address& logged) const {
    if (!store_.address_plan())
        return logged;
    const Address planned = store_.address_plan()->address_of(mds);
    return planned.is_none() ? logged : planned;
}

bool MetaNode::catalogue_has_moved() const {
    for (const logged::MovedMds& server : store_.address_plan()->servers) {
        const auto record = catalogue_->metadata_servers().find(server.mds);
        if (record != catalogue_->metadata_servers().end() &&
            record->second.address != server.address)
            return false;
    }
    return true;
}

// On the master: the catalogue first, so that whoever asks hears the new addresses.
Task<void> MetaNode::move_catalogue() {
    if (!announced_ || !store_.address_plan() || plan_overtaken_ || catalogue_has_moved())
        co_return;
    const AddressPlan plan = *store_.address_plan();
    Result<Answer> answer =
        co_await propose(entry_of(logged::MoveMds{plan.servers}, runtime_.clock.wall_now()));
    if (!answer)
        co_return;  // whoever is the master next goes on
    if (answer->ok()) {
        for (const logged::MovedMds& server : plan.servers)
            co_await log_event(mds_moved(server.mds, server.address));
        co_return;
    }
    plan_overtaken_ = true;
    runtime_.log.write(Severity::error, "mds",
                       fmt::format("{}; {}", answer->message, what_to_configure()));
}

bool MetaNode::move_member(const raft::Membership& members) {
    for (const raft::Member& member : members.members) {
        const auto record = catalogue_->metadata_servers().find(member.id);
        if (record == catalogue_->metadata_servers().end() ||
            address_of(member) == record->second.address)
            continue;
        raft::Membership changed = members;
        for (raft::Member& other : changed.members)
            if (other.id == member.id)
                other.address = member_address(record->second.address);
        return raft_.propose_membership(changed).has_value();
    }
    return false;
}

// Only what is committed and on this disk may take the plan's place: after a crash it is all that
// this server knows.
Task<void> MetaNode::finish_move() {
    if (!store_.address_plan())
        co_return;
    const raft::Status status = raft_.status();
    const AddressPlan& plan = *store_.address_plan();
    const bool settled = catalogue_has_moved() && plan.is_in_force_in(raft_.membership()) &&
                         plan.is_in_force_in(raft_.committed_membership()) &&
                         status.stable >= status.commit && applied_ >= status.commit;
    if (!settled) {
        note_strange_plan();
        co_return;
    }
    Result<void> finished = co_await store_.finish_address_plan();
    if (!finished) {
        fail(finished.error());
        co_return;
    }
    runtime_.log.write(Severity::info, "mds", "the cluster has moved to its new addresses");
}

void MetaNode::note_strange_plan() {
    const Instant now = runtime_.loop.now();
    const bool follows = !leader().is_none() && raft_.hears_leader() && !catalogue_has_moved();
    if (!follows || announced_) {
        follows_since_ = Instant::never();
        return;
    }
    if (follows_since_ == Instant::never())
        follows_since_ = now;
    if (now - follows_since_ < strange_plan_reported || plan_overtaken_)
        return;
    plan_overtaken_ = true;
    runtime_.log.write(Severity::error, "mds", what_to_configure());
}

// For a server that was given something else than the others were.
std::string MetaNode::what_to_configure() const {
    std::string addresses;
    for (const auto& [mds, record] : catalogue_->metadata_servers())
        addresses += fmt::format(" -n {}@{}", mds.number, to_string(record.address));
    return fmt::format(
        "MDS#{} was given other addresses than the cluster has: stop it and run "
        "'vstorage -c {} configure-mds -r {}{}'",
        self().number, store_.identity().cluster_name, store_.directory(), addresses);
}

// Where a server looks for the others nobody may be any more.
void MetaNode::note_silence() {
    const Instant now = runtime_.loop.now();
    if (raft_.is_leader() || raft_.hears_leader()) {
        silent_since_ = now;
        silence_told_ = false;
    }
    if (silence_told_ || now - silent_since_ < silence_reported)
        return;
    silence_told_ = true;
    std::string asked;
    for (const auto& [mds, link] : peers_)
        asked += fmt::format("{}MDS#{} at {}", asked.empty() ? "" : ", ", mds.number,
                             to_string(link->address()));
    runtime_.log.write(
        Severity::warning, "mds",
        fmt::format(
            "MDS#{} has heard no master for {} s; it looks for {}. If the cluster has moved, "
            "give it the new addresses: vstorage -c {} configure-mds -r {} -n ...",
            self().number, silence_reported.seconds(), asked, store_.identity().cluster_name,
            store_.directory()));
}

// Whether a peer speaks from where it is known to be. Only that one is answered; so a copy of its
// repository that runs elsewhere is not taken for it, and neither is anybody followed to an address
// that not all were given.
Result<void> MetaNode::check_sender(MdsId from, const Address& sender) {
    const raft::Member* member = raft_.membership().find(from);
    if (member == nullptr)
        return {};
    const Address known = address_in_use(from, address_of(*member));
    if (known.is_none() || known == sender)
        return {};
    return Error(
        Code::instance_fenced,
        fmt::format("MDS#{} says that it is at {}, and MDS#{} knows it at {}: after a move "
                    "give all of them the same addresses (vstorage configure-mds); if "
                    "nothing was moved, a copy of its repository runs",
                    from.number, to_string(sender), self().number, to_string(known)));
}

}  // namespace cairn::meta
