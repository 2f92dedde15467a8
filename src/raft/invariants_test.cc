#include "raft/invariants.h"

#include <fmt/core.h>

#include "raft/codec.h"
#include "raft/describe.h"

namespace cairn::raft {

bool Disk::holds(Position position) const {
    if (position.index <= snapshot.index)
        return true;
    return std::ranges::any_of(entries, [&](const Entry& entry) {
        return entry.index == position.index && entry.term == position.term;
    });
}

void Invariants::violate(std::string what) {
    if (violation_.empty())
        violation_ = std::move(what);
}

LogIndex Invariants::committed() const {
    return committed_.empty() ? LogIndex(1) : committed_.rbegin()->first;
}

void Invariants::watch(const Raft& raft, const std::map<MdsId, const Disk*>& disks) {
    watch_leader(raft);
    watch_commit(raft, disks);
}

// Election safety, and leader completeness. Newly committed entries are held against leaders in
// watch_commit.
void Invariants::watch_leader(const Raft& raft) {
    if (!raft.is_leader())
        return;
    const auto [leader, is_new] = leaders_.emplace(raft.term(), raft.id());
    if (leader->second != raft.id())
        violate(fmt::format("election safety: {} and {} lead term {}", leader->second.number,
                            raft.id().number, raft.term().number));
    for (const auto& [index, committed] : committed_)
        if (committed.seen_in < raft.term() && index > raft.log().base().index &&
            !raft.log().matches({index, committed.entry.term}))
            violate(fmt::format("leader completeness: {} leads term {} without the committed {}",
                                raft.id().number, raft.term().number, describe(committed.entry)));
}

// State machine safety for what a server believes committed, and a naive count of who has it on
// disk.
void Invariants::watch_commit(const Raft& raft, const std::map<MdsId, const Disk*>& disks) {
    const Log& log = raft.log();
    for (LogIndex index = log.base().index.next(); index <= raft.commit(); index = index.next()) {
        const Entry& entry = log.at(index);
        const auto [found, is_new] = committed_.emplace(index, Committed{entry, raft.term()});
        if (!(found->second.entry == entry))
            violate(fmt::format("state machine safety: {} commits {}, but {} was committed",
                                raft.id().number, describe(entry), describe(found->second.entry)));
        found->second.seen_in = std::min(found->second.seen_in, raft.term());
        if (!is_new || !raft.is_leader())
            continue;
        size_t holders = 0;
        size_t voters = 0;
        for (const Member& member : raft.membership().members) {
            if (member.learner)
                continue;
            voters++;
            const auto disk = disks.find(member.id);
            if (disk != disks.end() && disk->second->holds({index, entry.term}))
                holders++;
        }
        if (2 * holders <= voters)
            violate(
                fmt::format("durability: {} commits {}, which only {} of {} voters have on disk",
                            raft.id().number, describe(entry), holders, voters));
    }
}

void Invariants::watch_applied(MdsId id, const std::vector<Entry>& state, const Entry& entry) {
    const LogIndex expected = state.empty() ? LogIndex(2) : state.back().index.next();
    if (entry.index != expected)
        violate(fmt::format("{} applies {} where {} comes next", id.number, describe(entry),
                            expected.number));
    const auto found = committed_.find(entry.index);
    if (found == committed_.end() || !(found->second.entry == entry))
        violate(fmt::format("state machine safety: {} applies {}, which was not committed",
                            id.number, describe(entry)));
}

void Invariants::watch_restored(MdsId id, const std::vector<Entry>& state) {
    std::vector<Entry> before;
    for (const Entry& entry : state) {
        watch_applied(id, before, entry);
        before.push_back(entry);
    }
}

// Log matching: where two logs have an entry of the same index and term, they are equal before it
// too.
void Invariants::watch_logs(const Raft& left, const Raft& right) {
    const Log& a = left.log();
    const Log& b = right.log();
    LogIndex index = std::min(a.last_index(), b.last_index());
    const LogIndex first = std::max(a.base().index, b.base().index).next();
    bool must_match = false;
    for (; index >= first; index = previous(index)) {
        if (must_match && !(a.at(index) == b.at(index)))
            violate(fmt::format("log matching: {} has {} and {} has {} below an equal entry",
                                left.id().number, describe(a.at(index)), right.id().number,
                                describe(b.at(index))));
        must_match = must_match || a.at(index).term == b.at(index).term;
        if (must_match && !(a.at(index) == b.at(index)))
            violate(fmt::format("log matching: {} and {} differ in {}", left.id().number,
                                right.id().number, describe(a.at(index))));
    }
}

void Invariants::watch_read(MdsId id, LogIndex committed_when_asked, LogIndex answered) {
    if (answered < committed_when_asked)
        violate(fmt::format("linear reads: {} answers a read at {}, but {} was committed before it",
                            id.number, answered.number, committed_when_asked.number));
}

void Invariants::put_to(ByteWriter& out) const {
    for (const auto& [term, leader] : leaders_) {
        out.put(term);
        out.put(leader);
    }
    for (const auto& [index, committed] : committed_) {
        put_entry(out, committed.entry);
        out.put(committed.seen_in);
    }
}

}  // namespace cairn::raft
