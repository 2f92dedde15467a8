#include "meta/node/meta_node.h"

#include <algorithm>
#include <fmt/core.h>

#include "meta/node/snapshot_file.h"
#include "meta/operations/apply.h"

namespace cairn::meta {

namespace {

// Applied in one turn, so that heartbeats and messages get theirs.
constexpr size_t entries_per_turn = 128;

raft::Config raft_config(const LogStore& store, const MetaNodeOptions& options, uint64_t seed) {
    raft::Config config;
    config.id = store.identity().mds;
    config.seed = seed;
    config.election_ticks = options.election_ticks;
    config.heartbeat_ticks = options.heartbeat_ticks;
    config.rules = options.raft_rules;
    return config;
}

uint64_t non_zero(uint64_t number) {
    return number == 0 ? 1 : number;
}

}  // namespace

Task<Result<std::unique_ptr<MetaNode>>> MetaNode::create(Runtime& runtime, LogStore& store,
                                                         rpc::ConnectOptions access,
                                                         MetaNodeOptions options) {
    std::shared_ptr<Catalogue> catalogue;
    if (store.snapshot()) {
        Result<LoadedSnapshot> loaded =
            co_await load_snapshot(runtime, store.snapshot_path(), store.identity().cluster);
        if (!loaded)
            co_return store.damaged(loaded.error().with_context(store.snapshot_path()));
        catalogue = std::move(loaded->catalogue);
    } else {
        catalogue = std::make_shared<Catalogue>();
    }
    Result<raft::Raft> raft = raft::Raft::create(raft_config(store, options, runtime.random.next()),
                                                 store.take_restored());
    if (!raft)
        co_return store.damaged(raft.error().with_context(store.directory()));
    co_return std::unique_ptr<MetaNode>(new MetaNode(runtime, store, std::move(access), options,
                                                     std::move(*raft), std::move(catalogue)));
}

MetaNode::MetaNode(Runtime& runtime, LogStore& store, rpc::ConnectOptions access,
                   MetaNodeOptions options, raft::Raft raft, std::shared_ptr<Catalogue> catalogue)
    : runtime_(runtime),
      store_(store),
      options_(options),
      access_{.options = access,
              .own_address = store.identity().peer_address,
              .introduce =
                  [this](RaftMessagesRequest& request) {
                      introduce(request);
                  }},
      snapshot_access_{.options = std::move(access),
                       .own_address = store.identity().peer_address,
                       .introduce = {}},
      raft_(std::move(raft)),
      catalogue_(std::move(catalogue)),
      applied_(store.snapshot() ? store.snapshot()->index : LogIndex{}),
      receiving_(runtime.loop),
      changed_(runtime.loop),
      write_wanted_(runtime.loop),
      state_changed_(runtime.loop),
      stopping_(runtime.loop),
      scope_(runtime.loop) {
    access_.options.identity = {Role::mds, self().number, non_zero(runtime.random.next())};
    snapshot_access_.options.identity = {Role::mds, self().number, non_zero(runtime.random.next())};
}

MetaNode::~MetaNode() = default;

void MetaNode::fail(Error error) {
    if (!failure_)
        failure_ = std::move(error);
    stopping_.set();
    poke();
    write_wanted_.notify_all();
    state_changed_.notify_all();
}

void MetaNode::poke() {
    dirty_ = true;
    changed_.notify_all();
}

Task<Result<void>> MetaNode::run(cairn::Event& stop) {
    co_await read_lives();
    look_at_members();
    scope_.spawn(drive());
    scope_.spawn(tick());
    scope_.spawn(write());
    scope_.spawn(take_snapshots());
    scope_.spawn(mind_members());
    scope_.spawn(watch_peers());
    scope_.spawn(keep_lives());
    // Nobody else could win: no reason to wait for the timeout.
    if (raft_.membership().voters() == std::vector{self()})
        raft_.campaign();
    poke();
    while (!stop.is_set() && !stopping_.is_set())
        co_await stop.wait_until(runtime_.loop.now() + options_.tick);
    stopping_.set();
    poke();
    write_wanted_.notify_all();
    state_changed_.notify_all();
    if (std::exchange(announced_, false) && observer_ != nullptr)
        observer_->on_deposed();
    refuse_proposals({Code::timed_out, "this metadata server is stopping"});
    for (auto& [context, read] : reads_) {
        read->outcome = Error(Code::not_master, "this metadata server is stopping");
        read->settled.set();
    }
    reads_.clear();
    for (const auto& [mds, link] : peers_)
        link->stop();
    co_await scope_.join();
    if (failure_)
        co_return *failure_;
    co_return Result<void>();
}

Task<void> MetaNode::tick() {
    while (!stopping_.is_set()) {
        // After a stall one tick has passed, not many: what the peers said meanwhile is still to be
        // read.
        co_await stopping_.wait_until(runtime_.loop.now() + options_.tick);
        if (stopping_.is_set())
            co_return;
        raft_.tick();
        poke();
    }
}

Task<void> MetaNode::write() {
    while (!stopping_.is_set()) {
        if (!raft_.has_unpersisted()) {
            co_await write_wanted_.wait();
            continue;
        }
        raft::Unpersisted batch = raft_.take_unpersisted();
        const Instant started = runtime_.clock.now();
        Result<void> written = co_await append(batch);
        statistics_.writing = statistics_.writing + (runtime_.clock.now() - started);
        if (!written) {
            if (written.code() != Code::cancelled)
                fail(written.error());
            co_return;
        }
        raft_.persisted(std::move(batch).is_on_stable_media());
        poke();
    }
}

Task<void> MetaNode::drive() {
    while (!stopping_.is_set()) {
        dirty_ = false;
        carry_out(raft_.take_output());
        look_at_leadership();
        const bool more = apply_some();
        announce();
        look_at_members();
        if (raft_.has_unpersisted())
            write_wanted_.notify_all();
        if (dirty_ || more)
            co_await Yield(runtime_.loop);
        else
            co_await changed_.wait();
    }
}

void MetaNode::carry_out(raft::Output output) {
    for (const raft::Message& message : output.messages)
        if (const auto peer = peers_.find(message.to); peer != peers_.end())
            peer->second->send(message);
    for (const raft::SendSnapshot& order : output.snapshots_to_send) {
        const uint64_t number = next_stream_++;
        streams_[order.to] = number;
        scope_.spawn(send_snapshot(order, number));
    }
    refuse_reads(output.refused_reads);
    if (output.restore)
        restore(*output.restore);
    std::ranges::move(output.committed, std::back_inserter(to_apply_));
    for (const raft::ReadState& read : output.reads)
        if (const auto found = reads_.find(read.context); found != reads_.end())
            found->second->index = read.index;
    settle_reads();
}

void MetaNode::restore(const raft::SnapshotMeta& meta) {
    const auto staged = staged_.find(meta.index);
    CHECK_NOTE(staged != staged_.end(), "a snapshot became current that was not received");
    catalogue_ = std::move(staged->second.catalogue);
    staged_.clear();
    to_apply_.clear();
    applied_ = meta.index;
    statistics_.snapshots_installed++;
    state_changed_.notify_all();
}

bool MetaNode::apply_some() {
    for (size_t i = 0; i < entries_per_turn && !to_apply_.empty(); i++) {
        const raft::Entry entry = std::move(to_apply_.front());
        to_apply_.pop_front();
        Result<void> applied = apply(entry);
        if (!applied) {
            fail(applied.error());
            return false;
        }
    }
    settle_reads();
    return !to_apply_.empty();
}

Result<void> MetaNode::apply(const raft::Entry& entry) {
    CHECK_NOTE(entry.index == applied_.next(), "an entry is missing, or comes twice");
    if (entry.kind == raft::EntryKind::data) {
        Result<LogEntry> decoded = decode_entry(entry.payload.view());
        if (!decoded)
            return decoded.error().with_context(fmt::format("log entry {}", entry.index.number));
        Result<Applied> done =
            meta::apply(*catalogue_, entry.index, *decoded, options_.catalogue_rules);
        if (!done)
            return done.error();
        applied_ = entry.index;
        settle_proposal(entry, std::move(done->answer));
        if (announced_ && observer_ != nullptr)
            observer_->applied(done->effects);
    } else {
        applied_ = entry.index;
    }
    statistics_.entries_applied++;
    if (entry.term == leading_)
        own_entry_applied_ = true;
    state_changed_.notify_all();
    return {};
}

void MetaNode::look_at_leadership() {
    const Term leading = raft_.is_leader() ? raft_.term() : Term{};
    if (leading == leading_)
        return;
    if (!leading_.is_none()) {
        if (std::exchange(announced_, false) && observer_ != nullptr)
            observer_->on_deposed();
        refuse_proposals({Code::timed_out,
                          "this metadata server is not the master any more; the next one may "
                          "still carry this out"});
    }
    leading_ = leading;
    own_entry_applied_ = false;
    watches_.clear();
    state_changed_.notify_all();
}

// A new master knows everything that earlier ones agreed on once an entry of its own is applied.
void MetaNode::announce() {
    if (leading_.is_none() || announced_ || !own_entry_applied_ || !raft_.is_leader() ||
        raft_.term() != leading_)
        return;
    const bool created =
        !catalogue_->cluster().is_none() && !catalogue_->metadata_servers().empty();
    if (!created) {
        if (!std::exchange(creating_, true))
            scope_.spawn(create_cluster());
        return;
    }
    announced_ = true;
    if (observer_ != nullptr)
        observer_->on_master(leading_);
    state_changed_.notify_all();
}

}  // namespace cairn::meta
