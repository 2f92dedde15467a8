#include "raft/log.h"

#include <algorithm>

#include "base/check.h"

namespace cairn::raft {

Log::Log(Position base) : base_(base), next_to_persist_(base.index.next()) {}

Position Log::last() const {
    if (entries_.empty())
        return base_;
    return {entries_.back().index, entries_.back().term};
}

std::optional<Term> Log::term_at(LogIndex index) const {
    if (index == base_.index)
        return base_.term;
    if (index < base_.index || index > last_index())
        return std::nullopt;
    return at(index).term;
}

bool Log::matches(Position position) const {
    return term_at(position.index) == position.term;
}

const Entry& Log::at(LogIndex index) const {
    CHECK(index > base_.index && index <= last_index());
    return entries_[index.number - base_.index.number - 1];
}

std::vector<Entry> Log::slice(LogIndex from, LogIndex to, size_t bytes_max) const {
    std::vector<Entry> found;
    size_t bytes = 0;
    for (LogIndex index = from; index <= to; index = index.next()) {
        const Entry& entry = at(index);
        bytes += size_of(entry);
        if (!found.empty() && bytes > bytes_max)
            break;
        found.push_back(entry);
    }
    return found;
}

Position Log::last_not_above(LogIndex index, Term term) const {
    index = std::min(index, last_index());
    while (index > base_.index && at(index).term > term)
        index = previous(index);
    return {index, term_at(index).value_or(Term{})};
}

void Log::append(Entry entry) {
    CHECK(entry.index == last_index().next());
    CHECK(entry.term >= last().term);
    entries_.push_back(std::move(entry));
}

void Log::truncate_from(LogIndex index) {
    CHECK(index > base_.index);
    while (last_index() >= index)
        entries_.pop_back();
    stable_ = std::min(stable_, previous(index));
    next_to_persist_ = std::min(next_to_persist_, index);
}

void Log::compact(LogIndex up_to) {
    while (base_.index < up_to) {
        CHECK_NOTE(base_.index < stable_, "compacting entries that were never on disk");
        base_ = {entries_.front().index, entries_.front().term};
        entries_.pop_front();
    }
}

void Log::reset(Position base) {
    entries_.clear();
    base_ = base;
    stable_ = LogIndex{};
    next_to_persist_ = base.index.next();
}

std::vector<Entry> Log::take_unpersisted() {
    std::vector<Entry> found(
        entries_.begin() + static_cast<ptrdiff_t>(next_to_persist_.number - base_.index.number - 1),
        entries_.end());
    next_to_persist_ = last_index().next();
    return found;
}

void Log::mark_stable(Position position) {
    if (matches(position))
        stable_ = std::max(stable_, position.index);
}

void Log::mark_all_stable() {
    stable_ = last_index();
    next_to_persist_ = stable_.next();
}

}  // namespace cairn::raft
