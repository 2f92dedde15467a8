// Comparisons: makes the replicas of a chunk equal after its writer died, or when what they hold is
// suspect. One task a chunk; it starts anew whenever the chunk's version changes under it, and ends
// when the log says that the comparison is done.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "meta/catalogue/chunk.h"
#include "runtime/runtime.h"
#include "wire/order_messages.h"

namespace cairn::meta {

class Master;

class Comparisons {
  public:
    explicit Comparisons(Master& master) : master_(master) {}

    void begin(ChunkId chunk);
    // At an election: every comparison that stands starts again under a new version.
    void take_up();
    // Seals the chunk's version on every in-sync replica; those that do not answer leave, where
    // they may. True if all did, and the version is still the same.
    Task<bool> seal(ChunkId chunk, Version version);
    // A write failed for lack of space at `cs`, which its set cannot do without: let that one be
    // the source, so that the others forget the write too.
    void prefer_source(ChunkId chunk, CsId cs) { preferred_[chunk] = cs; }

  private:
    enum class Step : uint8_t { done, again, wait };

    Task<void> run(ChunkId chunk);
    Task<void> restart_all(std::vector<std::pair<ChunkId, Version>> chunks);
    Task<Step> advance(ChunkId chunk);
    Task<void> seal_one(ChunkId chunk, Version version, CsId cs, std::vector<CsId>& silent,
                        std::vector<CsId>& lost);
    Task<Step> choose_source(ChunkId chunk, Version version);
    Task<Step> compare(ChunkId chunk, Version version, Comparison comparison);
    Task<void> compare_one(ChunkId chunk, Version version, CsId cs, CompareChunkOrder order,
                           std::vector<CsId>& silent, std::set<uint32_t>& bad_at_source,
                           bool& failed);
    Task<void> stand_in(ChunkId chunk, Version version, CsId source, std::set<uint32_t> bad);
    Task<void> leave(ChunkId chunk, std::vector<CsId> servers, bool lost);
    Task<void> admit(ChunkId chunk);

    Master& master_;
    std::set<ChunkId> running_;
    std::map<ChunkId, CsId> preferred_;
};

}  // namespace cairn::meta
