// Who belongs to the cluster. The catalogue says who should (AddMds and RemoveMds are agreed on
// like everything else), raft's membership who does; the master brings the second in line with the
// first, one change at a time, so that what a master leaves half done its successor completes.
#include <algorithm>
#include <fmt/core.h>

#include "meta/node/member_address.h"
#include "meta/node/meta_node.h"
#include "wire/log_cluster.h"

namespace cairn::meta {

namespace {

constexpr Duration look_interval = milliseconds(200);
constexpr Duration patience = seconds(30);
// A learner votes when it lacks no more than what is on its way.
constexpr uint64_t caught_up_entries = 200;

const raft::MemberStatus* status_of(const raft::Status& status, MdsId mds) {
    for (const raft::MemberStatus& member : status.members)
        if (member.id == mds)
            return &member;
    return nullptr;
}

}  // namespace

Task<void> MetaNode::mind_members() {
    while (!stopping_.is_set()) {
        co_await stopping_.wait_until(runtime_.loop.now() + look_interval);
        if (stopping_.is_set())
            continue;
        co_await finish_move();
        co_await move_catalogue();
        if (!announced_)
            continue;
        mind_members_once();
        co_await note_voters();
    }
}

void MetaNode::mind_members_once() {
    const raft::Membership members = raft_.membership();
    if (move_member(members) || add_missing_member(members) || drop_removed_member(members) ||
        promote_learner(members))
        poke();
}

bool MetaNode::add_missing_member(const raft::Membership& members) {
    for (const auto& [mds, record] : catalogue_->metadata_servers()) {
        if (members.find(mds) != nullptr)
            continue;
        raft::Membership changed = members;
        const auto at = std::ranges::upper_bound(changed.members, mds, {}, &raft::Member::id);
        changed.members.insert(at, {mds, true, member_address(record.address)});
        return raft_.propose_membership(changed).has_value();
    }
    return false;
}

bool MetaNode::drop_removed_member(const raft::Membership& members) {
    for (const raft::Member& member : members.members) {
        const bool wanted = catalogue_->metadata_servers().contains(member.id) ||
                            member.id >= catalogue_->counters().next_mds;
        if (wanted || !others_suffice(member.id))
            continue;
        // A master hands over first, so that its successor is ready when it goes.
        if (member.id == self()) {
            const MdsId successor = best_successor(self());
            return !successor.is_none() && raft_.transfer_leadership(successor).has_value();
        }
        raft::Membership changed = members;
        std::erase_if(changed.members, [&](const auto& other) { return other.id == member.id; });
        return raft_.propose_membership(changed).has_value();
    }
    return false;
}

bool MetaNode::promote_learner(const raft::Membership& members) {
    const raft::Status status = raft_.status();
    for (const raft::MemberStatus& member : status.members) {
        if (!member.learner || !catalogue_->metadata_servers().contains(member.id))
            continue;
        const bool caught_up =
            member.pace == raft::Pace::replicate &&
            member.match.number + caught_up_entries >= status.last.index.number &&
            member.silent_ticks < options_.election_ticks;
        if (!caught_up)
            continue;
        raft::Membership changed = members;
        for (raft::Member& other : changed.members)
            if (other.id == member.id)
                other.learner = false;
        return raft_.propose_membership(changed).has_value();
    }
    return false;
}

// The catalogue's records say who votes, for whoever asks.
Task<void> MetaNode::note_voters() {
    const std::map<MdsId, MdsRecord> records = catalogue_->metadata_servers();
    for (const auto& [mds, record] : records) {
        const bool votes = raft_.membership().is_voter(mds);
        if (votes == record.voter || !announced_)
            continue;
        const logged::ChangeMds change{mds, record.address, votes};
        static_cast<void>(co_await propose(entry_of(change, runtime_.clock.wall_now())));
    }
}

// Whether a majority of the voters that remain answers now.
bool MetaNode::others_suffice(MdsId without) const {
    const raft::Status status = raft_.status();
    size_t voters = 0;
    size_t answering = 0;
    for (const MdsId voter : raft_.membership().voters()) {
        if (voter == without)
            continue;
        voters++;
        const raft::MemberStatus* member = status_of(status, voter);
        if (voter == self() ||
            (member != nullptr && member->silent_ticks < options_.election_ticks))
            answering++;
    }
    return voters > 0 && answering >= raft::majority_of(voters);
}

MdsId MetaNode::best_successor(MdsId except) const {
    MdsId best;
    LogIndex best_match;
    for (const raft::MemberStatus& member : raft_.status().members) {
        if (member.learner || member.id == except ||
            member.silent_ticks >= options_.election_ticks ||
            !catalogue_->metadata_servers().contains(member.id) || member.match <= best_match)
            continue;
        best = member.id;
        best_match = member.match;
    }
    return best;
}

std::vector<MdsInfo> MetaNode::servers() const {
    std::vector<MdsInfo> all;
    for (const auto& [mds, record] : catalogue_->metadata_servers())
        all.push_back({mds, address_in_use(mds, record.address), record.voter});
    return all;
}

FindMasterReply MetaNode::find_master() const {
    return {self(), leader(), term(), servers()};
}

NodeStatistics MetaNode::statistics() const {
    NodeStatistics statistics = statistics_;
    statistics.groups_written = store_.groups_written();
    return statistics;
}

Task<Result<MdsId>> MetaNode::add_server(Address peer_address) {
    CO_TRY(co_await confirm_master());
    for (const auto& [mds, record] : catalogue_->metadata_servers()) {
        if (record.address != peer_address)
            continue;
        if (!record.voter && !raft_.membership().is_voter(mds))
            co_return mds;
        co_return Error(Code::already_exists,
                        fmt::format("MDS#{} of this cluster has the address {}", mds.number,
                                    to_string(peer_address)));
    }
    const logged::AddMds add{std::move(peer_address), false};
    Result<Answer> answer = co_await propose(entry_of(add, runtime_.clock.wall_now()));
    if (!answer)
        co_return answer.error();
    Result<logged::AddMdsAnswer> added = answer->as<logged::AddMdsAnswer>();
    if (!added)
        co_return added.error();
    co_return added->mds;
}

Task<Result<void>> MetaNode::remove_server(MdsId mds) {
    CO_TRY(co_await confirm_master());
    const bool known = catalogue_->metadata_servers().contains(mds);
    if (!known && mds >= catalogue_->counters().next_mds)
        co_return Error(Code::not_found, fmt::format("MDS#{} is not known", mds.number));
    if (known && catalogue_->metadata_servers().size() == 1)
        co_return Error(Code::invalid_argument,
                        fmt::format("MDS#{} is the only metadata server: the cluster cannot do "
                                    "without it",
                                    mds.number));
    if (known && !others_suffice(mds))
        co_return Error(Code::blocked,
                        fmt::format("without MDS#{} too few metadata servers would answer: start "
                                    "the others, or remove one that is down first",
                                    mds.number));
    if (known) {
        Result<Answer> answer =
            co_await propose(entry_of(logged::RemoveMds{mds}, runtime_.clock.wall_now()));
        if (!answer)
            co_return answer.error();
    }
    const Instant deadline = runtime_.loop.now() + patience;
    while (counts(mds)) {
        if (!announced_)
            co_return Error(Code::not_master, "another metadata server goes on with this");
        if (runtime_.loop.now() >= deadline)
            co_return Error(
                Code::timed_out,
                fmt::format("MDS#{} is being removed; too few others answer now", mds.number));
        co_await state_changed_.wait_until(std::min(deadline, runtime_.loop.now() + look_interval));
    }
    co_return Result<void>();
}

Task<Result<void>> MetaNode::transfer_master(MdsId to) {
    const Term reign = leading_;
    if (!announced_)
        co_return Error(Code::not_master, "this metadata server is not the master");
    const MdsId successor = to.is_none() ? best_successor(self()) : to;
    if (successor.is_none())
        co_return Error(Code::unavailable, "no other metadata server could take over now");
    if (successor == self())
        co_return Result<void>();
    CO_TRY(raft_.transfer_leadership(successor));
    poke();
    const Instant deadline =
        runtime_.loop.now() + options_.tick * (int64_t{2} * options_.election_ticks);
    while (leading_ == reign && !stopping_.is_set()) {
        if (runtime_.loop.now() >= deadline)
            co_return Error(Code::timed_out,
                            fmt::format("MDS#{} did not take over in time", successor.number));
        co_await state_changed_.wait_until(deadline);
    }
    co_return Result<void>();
}

}  // namespace cairn::meta
