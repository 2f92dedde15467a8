// Digests: compares what the replicas of a chunk say that they hold. Each may be right by itself
// and one of them wrong all the same: a disk that lost a write of data and table together shows an
// older state in which everything fits. Only a quiet chunk is compared, one that nobody writes,
// joins or compares from before the first digest is asked for until the last has come: then a
// difference is a real one. Repairs nothing itself: a replica that most others contradict leaves
// its set.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/ids.h"
#include "meta/master/digest_vote.h"
#include "runtime/runtime.h"

namespace cairn::meta {

class Master;
struct Chunk;

struct DigestCounts {
    uint64_t compared = 0;  // chunks, by this master
    uint64_t differed = 0;
    uint64_t undecided = 0;  // chunks that differ now, as far as this master found
};

class Digests {
  public:
    explicit Digests(Master& master) : master_(master) {}

    enum class Outcome : uint8_t { equal, different, not_quiet };
    Task<Outcome> compare(ChunkId chunk);
    // A client is about to write it.
    void marked(ChunkId chunk);
    [[nodiscard]] DigestCounts counts() const;

  private:
    [[nodiscard]] bool is_quiet(ChunkId chunk) const;
    Task<void> ask_one(ChunkId chunk, Version version, CsId cs,
                       std::vector<ReplicaDigests>& replicas);
    Task<void> act_on(ChunkId chunk, Version version, DigestVerdict verdict,
                      std::vector<ReplicaDigests> replicas);
    Task<bool> let_leave(ChunkId chunk, CsId cs);

    Master& master_;
    std::map<ChunkId, bool> compared_now_;  // whether they were marked meanwhile
    std::set<ChunkId> undecided_;
    std::set<std::pair<ChunkId, CsId>> cannot_leave_;
    uint64_t compared_ = 0;
    uint64_t differed_ = 0;
};

}  // namespace cairn::meta
