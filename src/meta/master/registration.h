// Registration: a chunk server tells a master what it holds, and the master decides on each
// replica: admitted, left out, lost, to join again, to be deleted, or kept and reported. Towards
// each new master again.
#pragma once

#include <map>
#include <vector>

#include "base/result.h"
#include "runtime/runtime.h"
#include "wire/cs_messages.h"

namespace cairn::meta {

class Master;

class Registration {
  public:
    explicit Registration(Master& master) : master_(master) {}

    Task<Result<CsStartReply>> start(CsStartRequest request);
    Result<void> chunks(const CsChunksRequest& request);
    Task<Result<void>> ready(CsReadyRequest request);

  private:
    struct Told {
        uint64_t sync_epoch = 0;
        std::vector<HeldChunk> chunks;
    };
    // What is to be done with the replicas of one chunk server.
    struct Decisions {
        std::vector<std::pair<ChunkId, Version>> admit;
        std::vector<ChunkId> lost;
        std::vector<ChunkId> joiners;
        std::vector<ChunkId> offer;
        std::vector<ChunkId> remove;
        uint64_t unknown = 0;
    };
    [[nodiscard]] Result<void> check_start(const CsStartRequest& request) const;
    [[nodiscard]] Decisions decide(CsId cs, const std::vector<HeldChunk>& held) const;
    void decide_held(CsId cs, const HeldChunk& held, Decisions& decisions) const;
    Task<Result<void>> leave(CsId cs, const std::vector<ChunkId>& chunks, bool lost);
    Task<Result<void>> admit(CsId cs, const std::vector<std::pair<ChunkId, Version>>& chunks);

    Master& master_;
    std::map<CsId, Told> told_;
};

}  // namespace cairn::meta
