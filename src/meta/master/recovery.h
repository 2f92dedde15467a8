// Recovery: gives chunks as many replicas as their files ask for, when a server was declared lost,
// attributes were changed, or a chunk was made while servers were away; and takes away what is too
// many; and moves those that do not stand in the tier or domain that is asked for. What to do next
// is decided by placement/recovery_plan.h; joins do it.
//
// Nothing starts for a replica whose server is only silent: it may come back with it. With more
// servers offline than the settings allow nothing starts at all: that is no disk that died.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "base/ids.h"
#include "meta/master/recovery_progress.h"
#include "placement/recovery_plan.h"
#include "runtime/runtime.h"
#include "wire/status_messages.h"

namespace cairn::meta {

class Master;
struct Chunk;
struct Node;

class Recovery {
  public:
    explicit Recovery(Master& master) : master_(master) {}

    // The chunk may have too few pieces now, or too many.
    void look_at(ChunkId chunk) { candidates_.insert(chunk); }
    // Any chunk may: attributes changed, a new master.
    void look_at_all() { scan_from_ = ChunkId(0); }
    // The server did not manage to take this chunk: another is tried first.
    void avoid(ChunkId chunk, CsId cs) { avoided_[chunk].insert(cs); }
    // A replica was made, or brought up to date.
    void copied();
    // As many pieces as its file asks for, all of them well placed.
    [[nodiscard]] bool has_its_norm(const Chunk& chunk, const Node& node) const;
    // For the planner: one more there, so that the one on `from` may leave.
    [[nodiscard]] placement::ShortChunk describe_move(ChunkId chunk, CsId from, CsId to) const;
    // Of the last look at all candidates; rates are the chunk servers' to tell.
    [[nodiscard]] RecoveryStatus status() const;
    Task<void> run();

  private:
    enum class Need : uint8_t { none, wait, replica, move, fewer };
    struct Found {
        std::vector<placement::ShortChunk> wanting;
        std::vector<ChunkId> too_many;
    };

    void scan();
    // The next few candidates; after the last it begins again.
    [[nodiscard]] Found look_at_some();
    [[nodiscard]] std::vector<CsId> well_placed(const Chunk& chunk, const Node& node) const;
    [[nodiscard]] Need need_of(ChunkId chunk) const;
    [[nodiscard]] bool lacks_replicas(ChunkId chunk) const;
    [[nodiscard]] placement::ShortChunk describe(ChunkId chunk, bool moves) const;
    // More servers are offline than recovery goes on with.
    [[nodiscard]] bool is_halted() const;
    // True while a server that may hold replicas has not spoken to this master yet.
    [[nodiscard]] bool knows_too_little() const;
    // Nothing lacks a replica for which there is a place.
    [[nodiscard]] bool has_time_to_balance() const;
    void start_copies(std::vector<placement::ShortChunk> chunks);
    Task<void> drop_one(ChunkId chunk);
    void announce(size_t queued);  // found in one pass over all candidates

    Master& master_;
    std::set<ChunkId> candidates_;
    std::map<ChunkId, std::set<CsId>> avoided_;
    std::optional<ChunkId> scan_from_;
    ChunkId next_candidate_;
    Instant scanned_;
    bool moved_in_pass_ = false;
    size_t queued_in_pass_ = 0;
    size_t nowhere_in_pass_ = 0;
    size_t queued_ = 0;
    size_t nowhere_ = 0;
    RecoveryProgress progress_;
    bool announced_ = false;
};

}  // namespace cairn::meta
