// Who belongs to the cluster, as of each position of the log. A membership is in force from the
// moment its entry is appended, and no longer when that entry is cut off again, so the history
// follows the log step by step.
#pragma once

#include <vector>

#include "base/result.h"
#include "raft/types.h"

namespace cairn::raft {

// Ordered by id, no id twice or none, at least one voter.
[[nodiscard]] Result<void> validate(const Membership& membership);

// Whether `to` differs from `from` in at most one member (added, removed, or changed in its kind or
// address). Any two majorities of such neighbours overlap.
[[nodiscard]] bool is_single_change(const Membership& from, const Membership& to);

// The payload of a membership entry, and part of a snapshot's description:
// u32 count, then for each member u32 id, u8 learner, u32 length and address.
void put_membership(ByteWriter& out, const Membership& membership);
[[nodiscard]] Membership get_membership(ByteReader& in);
[[nodiscard]] Buffer encode_membership(const Membership& membership);
[[nodiscard]] Result<Membership> decode_membership(ByteView payload);

class MembershipHistory {
  public:
    // `base` is in force from `index` on. It may be empty: a server that waits to be added.
    MembershipHistory(LogIndex index, Membership base);

    [[nodiscard]] const Membership& latest() const { return steps_.back().membership; }
    [[nodiscard]] LogIndex first_index() const { return steps_.front().index; }
    [[nodiscard]] LogIndex latest_index() const { return steps_.back().index; }
    // What was in force at `index`, which must not lie before the base.
    [[nodiscard]] const Membership& at(LogIndex index) const;

    void append(LogIndex index, Membership membership);
    void truncate_from(LogIndex index);
    void compact(LogIndex up_to);
    void reset(LogIndex index, Membership base);

  private:
    struct Step {
        LogIndex index;
        Membership membership;
    };
    std::vector<Step> steps_;  // never empty, ordered by index
};

}  // namespace cairn::raft
