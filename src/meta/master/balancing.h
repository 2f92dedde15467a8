// Balancing: finds chunks of which a replica should move from a full chunk server to an emptier
// one, while the cluster is out of balance (placement/balance_plan.h). It starts no copies and
// drops no replicas: recovery does both, as for every other move.
//
// It looks at the chunks of full servers only, a bounded number at a time; in a balanced cluster at
// none. Once a minute it takes the hottest chunk of a server with a long queue, too
// (placement/hot_plan.h). What was moved rests a while. All of it is the master's memory.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "placement/balance_plan.h"
#include "placement/hot_plan.h"
#include "placement/recovery_plan.h"
#include "wire/status_messages.h"

namespace cairn::meta {

class Master;
struct Chunk;

class Balancing {
  public:
    explicit Balancing(Master& master) : master_(master) {}

    // Chunks that may move now; recovery begins some of them, or none.
    [[nodiscard]] std::vector<placement::ShortChunk> find();
    void began(ChunkId chunk, CsId to);
    // It is copied so that a replica may leave a full server.
    [[nodiscard]] bool moves(ChunkId chunk) const { return !leaves(chunk).is_none(); }
    // The server that this replica is to leave; none of a chunk that does not move.
    [[nodiscard]] CsId leaves(ChunkId chunk) const;
    [[nodiscard]] QueueStatus status() const;

  private:
    struct Move {
        CsId from;
        CsId to;
        uint64_t bytes = 0;
        bool hot = false;  // for the queue's sake, not for the space
        std::optional<Instant> over;
        Instant rests_until;  // once it is over
    };
    // How far the chunks of a full server were looked through.
    struct Search {
        uint64_t next = 0;
        size_t seen = 0;  // without finding one that may move
        Instant rests_until;
    };

    void settle();
    [[nodiscard]] bool has_one_more(const Chunk& chunk) const;
    [[nodiscard]] bool somebody_is_silent() const;
    [[nodiscard]] std::vector<placement::Shift> shifts() const;
    void find_uneven(std::vector<placement::ShortChunk>& found);
    void find_hot(std::vector<placement::ShortChunk>& found);
    bool find_hot_chunk(CsId from, const std::vector<placement::ServerLoad>& loads,
                        std::vector<placement::ShortChunk>& found);
    [[nodiscard]] placement::BalancedChunk describe(CsId from, const Chunk& chunk) const;
    void look_through(CsId from, const placement::Balance& balance, size_t& budget,
                      std::vector<placement::ShortChunk>& found);
    [[nodiscard]] bool may_move(ChunkId id, const Chunk& chunk) const;
    [[nodiscard]] uint64_t replica_bytes(CsId cs, const Chunk& chunk) const;

    Master& master_;
    std::map<ChunkId, Move> moves_;
    std::map<ChunkId, Move> proposed_;  // since the last find
    std::map<CsId, Search> searches_;
    std::set<uint8_t> moving_;  // tiers
    size_t running_ = 0;
    std::map<CsId, size_t> leaving_;  // moves that run, from each server
    // When hot servers were last found, how many, and from how many a chunk moved.
    Instant hot_found_;
    Instant hot_looked_;
    uint32_t hot_ = 0;
    uint32_t cooled_ = 0;
};

}  // namespace cairn::meta
