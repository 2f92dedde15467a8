// How the MetaNode tells a metadata server that runs from an old copy of its repository, or beside
// another that runs from the same one: docs/design/moving.md.
#include <algorithm>
#include <fmt/core.h>

#include "meta/catalogue/event_texts.h"
#include "meta/node/meta_node.h"

namespace cairn::meta {

namespace {

constexpr Duration keep_interval = seconds(10);

}  // namespace

// A damaged or missing file costs what was seen before this start, and nothing else.
Task<void> MetaNode::read_lives() {
    const std::string path = fmt::format("{}/{}", store_.directory(), peer_lives_name);
    Result<Bytes> content = co_await read_whole_file(runtime_.disk, path, peer_lives_size_max);
    if (!content && content.code() == Code::not_found)
        co_return;
    Result<PeerLives> lives = content ? PeerLives::decode(*content, store_.identity().owner())
                                      : Result<PeerLives>(content.error());
    if (lives)
        lives_ = std::move(*lives);
    else
        runtime_.log.write(Severity::warning, "mds",
                           fmt::format("{}: {}", path, lives.error().message()));
}

Task<void> MetaNode::keep_lives() {
    const std::string path = fmt::format("{}/{}", store_.directory(), peer_lives_name);
    while (!stopping_.is_set()) {
        co_await stopping_.wait_until(runtime_.loop.now() + keep_interval);
        for (const PeerLife& seen : lives_.all())
            if (was_removed(seen.mds))
                lives_.forget(seen.mds);
        if (!lives_.take_changed())
            continue;
        Result<void> kept =
            co_await replace_file(runtime_.disk, path, lives_.encode(store_.identity().owner()));
        // Memory still knows; the log finds out soon whether the disk has failed.
        if (!kept)
            runtime_.log.write(Severity::warning, "mds", kept.error().message());
    }
}

// What each message says of its sender, and of what that has seen of others.
void MetaNode::introduce(RaftMessagesRequest& request) const {
    request.life = access_.options.identity.instance;
    request.born = store_.born();
    request.sequence = store_.sequence();
    request.seen = lives_.all();
}

Result<void> MetaNode::check_life(MdsId from, const RaftMessagesRequest& request) {
    if (!options_.rules.refuse_restored_peers || request.life == 0)
        return {};
    for (const PeerLife& seen : request.seen)
        if (seen.mds != self() && raft_.membership().find(seen.mds) != nullptr)
            lives_.hear(seen);
    if (lives_.take(from, request.life, request.born, request.sequence))
        return {};
    std::vector<MdsId>& told = reports_[self()].restored_peers;
    if (std::ranges::find(told, from) == told.end())
        told.push_back(from);
    return Error(Code::behind, fmt::format("MDS#{} has less in its log than MDS#{} has seen there",
                                           from.number, self().number));
}

Error MetaNode::restored_error(MdsId told_by) const {
    const MdsIdentity& identity = store_.identity();
    return {
        Code::permission_denied,
        fmt::format("the repository {} of MDS#{} is an old copy, or another program runs from a "
                    "copy of it: MDS#{} has seen more in its log. It has forgotten what it "
                    "agreed to and must not take part: remove it (vstorage -c {} rm-mds {}) and "
                    "make it anew with make-mds, which copies the metadata from the others",
                    store_.directory(), identity.mds.number, told_by.number, identity.cluster_name,
                    identity.mds.number)};
}

// On the master, of all that it or another one refused.
void MetaNode::report_restored() {
    for (const auto& [mds, report] : reports_) {
        for (const MdsId restored : report.restored_peers) {
            const auto record = catalogue_->metadata_servers().find(restored);
            if (record == catalogue_->metadata_servers().end() ||
                !restored_reported_.insert(restored).second)
                continue;
            scope_.spawn(log_event(mds_is_restored_copy(restored, record->second.address)));
        }
    }
}

}  // namespace cairn::meta
