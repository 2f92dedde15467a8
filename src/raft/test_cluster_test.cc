#include "raft/test_cluster.h"

#include <fmt/core.h>
#include <limits>

#include "raft/codec.h"
#include "raft/describe.h"

namespace cairn::raft {

void TestCluster::add(const Config& config, const Restored& restored) {
    Server server;
    server.config = config;
    server.disk = {restored.hard_state, restored.snapshot, {}, restored.entries};
    const auto [added, is_new] = servers_.emplace(config.id, std::move(server));
    CHECK(is_new);
    restart(added->first);
}

void TestCluster::add_first(size_t voters, size_t learners, Config config) {
    std::vector<Member> members(voters + learners);
    for (uint32_t i = 0; i < members.size(); i++)
        members[i] = {MdsId(i + 1), i >= voters, {}};
    const Membership membership{std::move(members)};
    for (const Member& member : membership.members) {
        config.id = member.id;
        add(config, first_server(membership));
    }
}

std::vector<MdsId> TestCluster::ids() const {
    std::vector<MdsId> found;
    found.reserve(servers_.size());
    for (const auto& [id, server] : servers_)
        found.push_back(id);
    return found;
}

MdsId TestCluster::leader() const {
    MdsId found;
    Term term;
    for (const auto& [id, server] : servers_) {
        if (server.raft && server.raft->is_leader() && server.raft->term() > term) {
            found = id;
            term = server.raft->term();
        }
    }
    return found;
}

void TestCluster::campaign(MdsId id) {
    raft(id).campaign();
    settle(id);
}

void TestCluster::tick(MdsId id) {
    raft(id).tick();
    settle(id);
}

Result<Position> TestCluster::propose(MdsId id, std::string_view text) {
    auto position = raft(id).propose(Buffer::copy_of(bytes_of(text)));
    settle(id);
    return position;
}

Result<Position> TestCluster::change_members(MdsId id, const Membership& membership) {
    auto position = raft(id).propose_membership(membership);
    settle(id);
    return position;
}

Result<void> TestCluster::read(MdsId id, uint64_t context) {
    server(id).reads_asked[context] = invariants_.committed();
    auto taken = raft(id).read_index(context);
    settle(id);
    return taken;
}

Result<void> TestCluster::transfer(MdsId id, MdsId to) {
    auto taken = raft(id).transfer_leadership(to);
    settle(id);
    return taken;
}

void TestCluster::deliver(size_t message) {
    const Message taken = std::move(network_.at(message));
    network_.erase(network_.begin() + static_cast<ptrdiff_t>(message));
    deliver_copy(taken);
}

void TestCluster::deliver_copy(const Message& message) {
    const auto found = servers_.find(message.to);
    if (found == servers_.end() || !found->second.raft) {
        say(fmt::format("{} (lost: {} is down)", describe(message), message.to.number));
        return;
    }
    say(describe(message));
    if (const auto taken = found->second.raft->step(message); !taken)
        invariants_.violate(taken.error().message());
    settle(message.to);
}

void TestCluster::deliver_snapshot(size_t number, bool ok) {
    const SnapshotStream stream = std::move(streams_.at(number));
    streams_.erase(streams_.begin() + static_cast<ptrdiff_t>(number));
    Server& receiver = server(stream.to);
    ok = ok && receiver.raft;
    say(fmt::format("{} -> {} term {}: snapshot of {}/{}{}", stream.from.number, stream.to.number,
                    stream.term.number, stream.meta.index.number, stream.meta.term.number,
                    ok ? "" : " (lost)"));
    if (ok && receiver.raft->install_snapshot(stream.from, stream.term, stream.meta))
        receiver.staged[stream.meta.index] = stream.state;
    if (receiver.raft)
        settle(stream.to);
    if (is_up(stream.from)) {
        raft(stream.from).snapshot_sent(stream.to, stream.meta.index, ok);
        settle(stream.from);
    }
}

void TestCluster::settle(MdsId id) {
    Server& server = servers_.at(id);
    watch(server);
    const std::pair seen(server.raft->role(), server.raft->term());
    if (std::exchange(server.seen_as, seen) != seen)
        say(fmt::format("  {} is {} in term {}", id.number, name_of(seen.first),
                        seen.second.number));
    for (bool more = true; more;) {
        Output output = server.raft->take_output();
        more = output.more_committed;
        carry_out(server, std::move(output));
    }
    if (server.raft->has_unpersisted())
        server.writing.batch = server.raft->take_unpersisted();
    if (server.writing.batch && !server.slow_disk)
        finish_write(id);
    else
        watch_disk(server);
}

// The disk is a naive log: once nothing is on its way to it, it equals the one in memory.
void TestCluster::watch_disk(const Server& server) {
    if (server.writing.batch || server.raft->has_unpersisted())
        return;
    const Log& log = server.raft->log();
    for (LogIndex index = log.base().index.next(); index <= log.last_index();
         index = index.next()) {
        const bool same = std::ranges::any_of(
            server.disk.entries, [&](const Entry& entry) { return entry == log.at(index); });
        if (!same)
            invariants_.violate(fmt::format("{} believes {} on disk, and it is not",
                                            server.config.id.number, describe(log.at(index))));
    }
    const Status status = server.raft->status();
    if (server.disk.hard_state.term != status.term || server.disk.hard_state.vote != status.vote)
        invariants_.violate(
            fmt::format("{} believes its vote on disk, and it is not", server.config.id.number));
    if (!server.disk.entries.empty() && server.disk.entries.back().index > log.last_index())
        invariants_.violate(
            fmt::format("{} has more on disk than in memory", server.config.id.number));
}

void TestCluster::finish_write(MdsId id) {
    Server& server = servers_.at(id);
    if (!server.writing.batch)
        return;
    write(server, *server.writing.batch, std::numeric_limits<size_t>::max());
    Unpersisted batch = *std::exchange(server.writing.batch, std::nullopt);
    server.raft->persisted(std::move(batch).is_on_stable_media());
    settle(id);
}

void TestCluster::write(Server& server, const Unpersisted& batch, size_t parts) {
    if (parts == 0)
        return;
    const bool vote_changed = server.disk.hard_state.term != batch.hard_state().term ||
                              server.disk.hard_state.vote != batch.hard_state().vote;
    server.disk.hard_state = batch.hard_state();
    if (vote_changed)
        say(fmt::format("  {} persists term {} vote {}", server.config.id.number,
                        batch.hard_state().term.number, batch.hard_state().vote.number));
    if (batch.snapshot()) {
        if (--parts == 0)
            return;
        write_snapshot(server, *batch.snapshot());
    }
    for (const Entry& entry : batch.entries()) {
        if (--parts == 0)
            return;
        std::erase_if(server.disk.entries,
                      [&](const Entry& old) { return old.index >= entry.index; });
        server.disk.entries.push_back(entry);
        say(fmt::format("  {} persists {}", server.config.id.number, describe(entry)));
    }
}

void TestCluster::write_snapshot(Server& server, const SnapshotMeta& meta) {
    server.disk.snapshot = meta;
    server.disk.snapshot_state = server.staged.at(meta.index);
    server.disk.entries.clear();
    say(fmt::format("  {} persists the snapshot of {}/{}", server.config.id.number,
                    meta.index.number, meta.term.number));
}

void TestCluster::carry_out(Server& server, Output output) {
    const uint32_t id = server.config.id.number;
    for (Message& message : output.messages)
        network_.push_back(std::move(message));
    for (const SendSnapshot& wanted : output.snapshots_to_send) {
        CHECK(server.disk.snapshot.index >= wanted.least);
        say(fmt::format("  {} streams a snapshot to {}", id, wanted.to.number));
        streams_.push_back({server.config.id, wanted.to, wanted.term, server.disk.snapshot,
                            server.disk.snapshot_state});
    }
    if (output.restore) {
        server.state = server.disk.snapshot_state;
        invariants_.watch_restored(server.config.id, server.state);
        say(fmt::format("  {} restores the snapshot of {}", id, output.restore->index.number));
    }
    for (const Entry& entry : output.committed) {
        invariants_.watch_applied(server.config.id, server.state, entry);
        server.state.push_back(entry);
        say(fmt::format("  {} applies {}", id, describe(entry)));
    }
    for (const ReadState& read : output.reads) {
        invariants_.watch_read(server.config.id, server.reads_asked.at(read.context), read.index);
        say(fmt::format("  {} answers read {} at {}", id, read.context, read.index.number));
        server.reads.push_back(read);
    }
    for (const uint64_t context : output.refused_reads) {
        say(fmt::format("  {} refuses read {}", id, context));
        server.refused_reads.push_back(context);
    }
}

void TestCluster::watch(const Server& server) {
    std::map<MdsId, const Disk*> disks;
    for (const auto& [id, other] : servers_)
        disks.emplace(id, &other.disk);
    invariants_.watch(*server.raft, disks);
}

void TestCluster::watch_all_logs() {
    for (const auto& [id, left] : servers_)
        for (const auto& [other, right] : servers_)
            if (id < other && left.raft && right.raft)
                invariants_.watch_logs(*left.raft, *right.raft);
}

void TestCluster::crash(MdsId id, size_t survivors) {
    Server& server = servers_.at(id);
    if (server.writing.batch) {
        say(fmt::format("  {} crashes in a write of which {} parts survive", id.number, survivors));
        write(server, *server.writing.batch, survivors);
    }
    server.writing.batch.reset();
    server.raft.reset();
    server.staged.clear();
}

void TestCluster::restart(MdsId id) {
    Server& server = servers_.at(id);
    if (server.raft)
        crash(id);
    server.state = server.disk.snapshot_state;
    server.seen_as = {};
    // Another life, another jitter: still a function of the seed alone.
    server.config.seed = server.config.seed * 6364136223846793005ULL + 1442695040888963407ULL;
    auto raft = Raft::create(server.config,
                             {server.disk.hard_state, server.disk.snapshot, server.disk.entries});
    if (!raft) {
        invariants_.violate(raft.error().message());
        return;
    }
    server.raft = *std::move(raft);
    settle(id);
}

void TestCluster::compact(MdsId id, LogIndex up_to) {
    Server& server = servers_.at(id);
    const LogIndex applied = server.raft->status().handed_out;
    if (const auto meta = server.raft->snapshot_meta(applied)) {
        server.disk.snapshot = *meta;
        server.disk.snapshot_state = server.state;
        server.raft->compact(std::min(up_to, applied));
    }
    settle(id);
}

void TestCluster::stabilize(const std::function<bool(MdsId from, MdsId to)>& passes) {
    while (!network_.empty() || !streams_.empty()) {
        if (network_.empty()) {
            deliver_snapshot(0, passes(streams_[0].from, streams_[0].to));
        } else if (passes(network_[0].from, network_[0].to)) {
            deliver(0);
        } else {
            say(describe(network_[0]) + " (lost)");
            network_.erase(network_.begin());
        }
    }
}

void TestCluster::stabilize() {
    stabilize([](MdsId, MdsId) { return true; });
}

Bytes TestCluster::fingerprint() const {
    Bytes bytes;
    ByteWriter out(bytes);
    for (const auto& [id, server] : servers_) {
        out.put(static_cast<uint8_t>(server.raft.has_value()));
        if (server.raft)
            out.put_bytes(server.raft->fingerprint(false));
        put_hard_state(out, server.disk.hard_state);
        for (const Entry& entry : server.disk.entries)
            put_entry(out, entry);
    }
    // Messages may be delivered in any order, so their order in flight makes no difference.
    std::vector<std::string> messages;
    messages.reserve(network_.size());
    for (const Message& message : network_)
        messages.emplace_back(text_of(encode_message(message)));
    std::ranges::sort(messages);
    for (const std::string& message : messages)
        out.put_text(message);
    invariants_.put_to(out);
    return bytes;
}

}  // namespace cairn::raft
