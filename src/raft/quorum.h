// Majorities, as plain functions over numbers; what the numbers mean is the caller's affair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/ids.h"

namespace cairn::raft {

[[nodiscard]] constexpr size_t majority_of(size_t voters) {
    return voters / 2 + 1;
}

// The highest number that a majority has reached, given what each voter has reached. Nobody is no
// majority: 0.
[[nodiscard]] uint64_t reached_by_majority(std::vector<uint64_t> reached);

enum class VoteResult : uint8_t { pending, won, lost };

// Votes of those who are no voters do not count.
[[nodiscard]] VoteResult count_votes(std::span<const MdsId> voters,
                                     const std::map<MdsId, bool>& granted);

}  // namespace cairn::raft
