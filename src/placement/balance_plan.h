// Balance: which servers are fuller than others of their tier and which emptier, and where a
// replica of a full one goes. Pure: the same input gives the same answer; it moves nothing.
//
// A tier is out of balance when a file system's fill is further from the tier's average than
// `begins`; once replicas move they go on moving until all are within `ends`, so that nothing moves
// to and fro. A move never makes its target the fuller of the two. Servers that share a file system
// are one: between them nothing moves.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "placement/cluster_map.h"

namespace cairn::placement {

struct BalanceLimits {
    // Thousandths of a file system.
    uint32_t begins = 50;
    uint32_t ends = 20;
};

// Bytes that are on their way, and not in what the servers reported last.
struct Shift {
    CsId from;
    CsId to;
    uint64_t bytes = 0;
};

// One chunk, as far as its place matters.
struct BalancedChunk {
    std::vector<CsId> pieces;  // all, the one on the full server too
    FailureDomain domain = FailureDomain::host;
    uint64_t bytes = 0;  // that a replica takes
};

class Balance {
  public:
    // `moving`: the tiers in which replicas move already.
    Balance(const ClusterMap& map, const Policy& policy, const std::vector<Shift>& shifts,
            const std::set<uint8_t>& moving, const BalanceLimits& limits = {});

    // Tiers that are out of balance.
    [[nodiscard]] const std::set<uint8_t>& unbalanced() const { return unbalanced_; }
    // Servers from which replicas may move, the fullest first.
    [[nodiscard]] const std::vector<CsId>& givers() const { return givers_; }
    // The emptiest server that may take this replica of `from`; none: it stays.
    [[nodiscard]] std::optional<CsId> taker(CsId from, const BalancedChunk& chunk) const;
    // Of the server's file system, in thousandths; what nobody knows counts as full.
    [[nodiscard]] uint32_t fill(CsId cs) const;

  private:
    struct Level {
        HostId host;
        size_t filesystem = 0;
        uint8_t tier = 0;
        bool has_room = false;
    };
    struct FileSystem {
        uint64_t total = 0;
        uint64_t used = 0;
        uint8_t tier = 0;
    };
    void gather(const ClusterMap& map, const Policy& policy);
    void shift(const std::vector<Shift>& shifts);
    void find_unbalanced(const std::set<uint8_t>& moving);
    void find_givers();
    [[nodiscard]] bool is_worth_it(const FileSystem& from, const FileSystem& to,
                                   uint64_t bytes) const;
    [[nodiscard]] bool keeps_domains(CsId from, CsId to, const BalancedChunk& chunk) const;

    BalanceLimits limits_;
    std::vector<FileSystem> filesystems_;
    std::map<CsId, Level> levels_;
    std::map<uint8_t, uint32_t> average_;  // of each tier
    std::set<uint8_t> unbalanced_;
    std::vector<CsId> givers_;
    std::vector<CsId> takers_;  // the emptiest first
};

}  // namespace cairn::placement
