#include "raft/quorum.h"

#include <algorithm>
#include <functional>

namespace cairn::raft {

uint64_t reached_by_majority(std::vector<uint64_t> reached) {
    if (reached.empty())
        return 0;
    std::ranges::sort(reached, std::greater<>());
    return reached[majority_of(reached.size()) - 1];
}

VoteResult count_votes(std::span<const MdsId> voters, const std::map<MdsId, bool>& granted) {
    size_t yes = 0;
    size_t no = 0;
    for (const MdsId voter : voters) {
        const auto vote = granted.find(voter);
        if (vote == granted.end())
            continue;
        (vote->second ? yes : no)++;
    }
    if (yes >= majority_of(voters.size()))
        return VoteResult::won;
    // Lost as soon as those who have not refused are too few.
    return voters.size() - no < majority_of(voters.size()) ? VoteResult::lost : VoteResult::pending;
}

}  // namespace cairn::raft
