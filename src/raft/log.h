// Log: the entries after the last compaction, in memory, and how far they are known to be on disk.
// It belongs to one Raft. It never decides what may be appended, cut or committed.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "raft/types.h"

namespace cairn::raft {

class Log {
  public:
    // Starts empty behind `base`, which is the last entry that a snapshot stands for.
    explicit Log(Position base);

    [[nodiscard]] Position base() const { return base_; }
    [[nodiscard]] LogIndex last_index() const { return plus(base_.index, entries_.size()); }
    [[nodiscard]] Position last() const;
    // Nothing for what is compacted away or not there yet; the base itself still answers.
    [[nodiscard]] std::optional<Term> term_at(LogIndex index) const;
    [[nodiscard]] bool matches(Position position) const;
    [[nodiscard]] const Entry& at(LogIndex index) const;
    // From `from` to `to`, both included; stops before `bytes_max` is exceeded, but never before
    // the first.
    [[nodiscard]] std::vector<Entry> slice(LogIndex from, LogIndex to, size_t bytes_max) const;
    // The last position at or before `index` whose term is not above `term`: everything between
    // cannot agree with a log that has `term` at `index`, so the search for the common part skips
    // it.
    [[nodiscard]] Position last_not_above(LogIndex index, Term term) const;

    void append(Entry entry);
    void truncate_from(LogIndex index);
    void compact(LogIndex up_to);
    // Throws everything away; the log starts anew behind a snapshot that is not on disk yet.
    void reset(Position base);

    // The log up to here is on disk as it is in memory.
    [[nodiscard]] LogIndex stable() const { return stable_; }
    // What was not handed out to be persisted yet. Disk content from its first index on is to be
    // replaced.
    [[nodiscard]] std::vector<Entry> take_unpersisted();
    // `position` and everything before it reached the disk; forgotten if it was cut off meanwhile.
    void mark_stable(Position position);
    // At start: everything present came from disk.
    void mark_all_stable();

  private:
    Position base_;
    std::deque<Entry> entries_;
    LogIndex stable_;
    LogIndex next_to_persist_;
};

}  // namespace cairn::raft
