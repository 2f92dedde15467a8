// Proposals and reads of the MetaNode: who waits for what, and when they are answered.
#include <fmt/core.h>

#include <utility>

#include "meta/node/meta_node.h"
#include "wire/log_cluster.h"
#include "wire/log_tree.h"

namespace cairn::meta {

Task<Result<Answer>> MetaNode::propose(LogEntry entry) {
    if (stopping_.is_set())
        co_return Error(Code::not_master, "this metadata server is stopping");
    if (proposals_.size() >= options_.proposals_max)
        co_return Error(Code::overloaded, "too many changes of the metadata are waiting");
    entry.feature_level = catalogue_->feature_level();
    Result<raft::Position> position =
        raft_.propose(Buffer::copy_of(encode_entry(entry)));
    if (!position)
        co_return position.error();
    poke();
    if (!options_.rules.apply_before_answer)
        co_return Answer{};
    Proposal proposal(runtime_.loop);
    proposal.term = position->term;
    proposals_[position->index] = &proposal;
    co_await proposal.settled.wait();
    co_return std::move(*proposal.outcome);
}

void MetaNode::settle_proposal(const raft::Entry& entry, Answer answer) {
    const auto found = proposals_.find(entry.index);
    if (found == proposals_.end())
        return;
    Proposal& proposal = *found->second;
    if (proposal.term == entry.term)
        proposal.outcome = std::move(answer);
    else
        proposal.outcome = Error(Code::not_master, "another master's entry stands in its place");
    proposal.settled.set();
    proposals_.erase(found);
}

void MetaNode::refuse_proposals(const Error& error) {
    for (auto& [index, proposal] : std::exchange(proposals_, {})) {
        proposal->outcome = error;
        proposal->settled.set();
    }
}

Task<Result<void>> MetaNode::confirm_master() {
    if (stopping_.is_set())
        co_return Error(Code::not_master, "this metadata server is stopping");
    if (!options_.rules.confirm_before_answer && raft_.is_leader())
        co_return Result<void>();
    const uint64_t context = next_read_++;
    CO_TRY(raft_.read_index(context));
    poke();
    Read read(runtime_.loop);
    reads_[context] = &read;
    co_await read.settled.wait();
    co_return read.outcome;
}

void MetaNode::settle_reads() {
    for (auto read = reads_.begin(); read != reads_.end();) {
        if (read->second->index && *read->second->index <= applied_) {
            read->second->settled.set();
            read = reads_.erase(read);
        } else {
            ++read;
        }
    }
}

void MetaNode::refuse_reads(const std::vector<uint64_t>& contexts) {
    for (const uint64_t context : contexts) {
        const auto read = reads_.find(context);
        if (read == reads_.end())
            continue;
        read->second->outcome = Error(Code::not_master, "another server may be the master now");
        read->second->settled.set();
        reads_.erase(read);
    }
}

// The first server's first entries. Whatever a crash leaves of them, the next try completes it.
Task<void> MetaNode::create_cluster() {
    const MdsIdentity& identity = store_.identity();
    const WallTime now = runtime_.clock.wall_now();
    if (catalogue_->cluster().is_none()) {
        runtime_.log.write(Severity::info, "mds",
                           fmt::format("creating cluster {} ({})", identity.cluster_name,
                                       to_string(identity.cluster)));
        const logged::CreateCluster create{identity.cluster, identity.cluster_name};
        static_cast<void>(co_await propose(entry_of(create, now)));
    }
    if (!catalogue_->cluster().is_none() && catalogue_->metadata_servers().empty()) {
        const logged::AddMds add{identity.peer_address, true};
        static_cast<void>(co_await propose(entry_of(add, now)));
    }
    creating_ = false;
    poke();
}

Task<void> MetaNode::log_event(logged::AddEvent event) {
    static_cast<void>(co_await propose(entry_of(event, runtime_.clock.wall_now())));
}

}  // namespace cairn::meta
