#include "placement/balance_plan.h"

#include <algorithm>
#include <utility>

namespace cairn::placement {

namespace {

constexpr uint32_t whole = 1000;

uint32_t thousandths(unsigned __int128 used, unsigned __int128 total) {
    if (total == 0)
        return whole;
    return static_cast<uint32_t>(std::min<unsigned __int128>(used * whole / total, whole));
}

}  // namespace

Balance::Balance(const ClusterMap& map, const Policy& policy, const std::vector<Shift>& shifts,
                 const std::set<uint8_t>& moving, const BalanceLimits& limits)
    : limits_(limits) {
    gather(map, policy);
    shift(shifts);
    find_unbalanced(moving);
    find_givers();
}

// Servers that do not answer now neither give nor take, and what they hold is no part of the
// average. A file system is of the tier of its first server.
void Balance::gather(const ClusterMap& map, const Policy& policy) {
    const std::vector<Room> rooms = rooms_of(map, policy);
    std::map<std::pair<HostId, uint64_t>, size_t> shared;
    for (size_t i = 0; i < map.size(); i++) {
        const Server& server = map[i];
        if (!server.active || server.total == 0)
            continue;
        size_t at = filesystems_.size();
        if (server.filesystem != 0)
            at = shared.emplace(std::pair(server.host, server.filesystem), at).first->second;
        if (at == filesystems_.size())
            filesystems_.push_back({server.total, 0, server.tier});
        FileSystem& filesystem = filesystems_[at];
        filesystem.used =
            std::max(filesystem.used, server.total - std::min(server.free, server.total));
        levels_[server.cs] = {server.host, at, server.tier, rooms[i].any};
    }
}

void Balance::shift(const std::vector<Shift>& shifts) {
    for (const Shift& shift : shifts) {
        if (const auto from = levels_.find(shift.from); from != levels_.end()) {
            uint64_t& used = filesystems_[from->second.filesystem].used;
            used -= std::min(used, shift.bytes);
        }
        if (const auto to = levels_.find(shift.to); to != levels_.end())
            filesystems_[to->second.filesystem].used += shift.bytes;
    }
}

void Balance::find_unbalanced(const std::set<uint8_t>& moving) {
    std::map<uint8_t, std::pair<unsigned __int128, unsigned __int128>> sums;
    for (const FileSystem& filesystem : filesystems_) {
        sums[filesystem.tier].first += filesystem.used;
        sums[filesystem.tier].second += filesystem.total;
    }
    for (const auto& [tier, sum] : sums)
        average_[tier] = thousandths(sum.first, sum.second);
    for (const FileSystem& filesystem : filesystems_) {
        const uint32_t fill = thousandths(filesystem.used, filesystem.total);
        const uint32_t average = average_[filesystem.tier];
        const uint32_t apart = fill > average ? fill - average : average - fill;
        const bool goes_on = moving.contains(filesystem.tier);
        if (apart > (goes_on ? limits_.ends : limits_.begins))
            unbalanced_.insert(filesystem.tier);
    }
}

void Balance::find_givers() {
    for (const auto& [cs, level] : levels_) {
        const FileSystem& filesystem = filesystems_[level.filesystem];
        if (!unbalanced_.contains(filesystem.tier))
            continue;
        if (fill(cs) >= average_[filesystem.tier])
            givers_.push_back(cs);
        else if (level.has_room)
            takers_.push_back(cs);
    }
    // Of equal ones the first comes first, everywhere.
    std::ranges::sort(givers_, [this](CsId a, CsId b) {
        return std::pair(whole - fill(a), a) < std::pair(whole - fill(b), b);
    });
    std::ranges::sort(
        takers_, [this](CsId a, CsId b) { return std::pair(fill(a), a) < std::pair(fill(b), b); });
}

uint32_t Balance::fill(CsId cs) const {
    const auto level = levels_.find(cs);
    if (level == levels_.end())
        return whole;
    const FileSystem& filesystem = filesystems_[level->second.filesystem];
    return thousandths(filesystem.used, filesystem.total);
}

// One of the two is out of balance, and the target does not become the fuller one.
bool Balance::is_worth_it(const FileSystem& from, const FileSystem& to, uint64_t bytes) const {
    const uint32_t average = average_.at(from.tier);
    const bool apart = thousandths(from.used, from.total) > average + limits_.ends ||
                       thousandths(to.used, to.total) + limits_.ends < average;
    if (!apart || from.used < bytes)
        return false;
    using Wide = unsigned __int128;
    return Wide(from.used - bytes) * to.total >= (Wide(to.used) + bytes) * from.total;
}

// Where hosts are the domain a move never makes two replicas share one, strict or not.
bool Balance::keeps_domains(CsId from, CsId to, const BalancedChunk& chunk) const {
    const HostId host = levels_.at(to).host;
    return std::ranges::none_of(chunk.pieces, [&](CsId piece) {
        if (piece == from)
            return false;
        const auto level = levels_.find(piece);
        // Where one stands that does not answer now nobody says here.
        return piece == to || level == levels_.end() ||
               (chunk.domain == FailureDomain::host && level->second.host == host);
    });
}

std::optional<CsId> Balance::taker(CsId from, const BalancedChunk& chunk) const {
    const auto giver = levels_.find(from);
    if (giver == levels_.end())
        return std::nullopt;
    const FileSystem& full = filesystems_[giver->second.filesystem];
    for (const CsId cs : takers_) {
        const Level& level = levels_.at(cs);
        if (level.filesystem == giver->second.filesystem || level.tier != giver->second.tier ||
            !keeps_domains(from, cs, chunk))
            continue;
        if (is_worth_it(full, filesystems_[level.filesystem], chunk.bytes))
            return cs;
    }
    return std::nullopt;
}

}  // namespace cairn::placement
