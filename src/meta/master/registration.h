// Registration: a chunk server tells a master what it holds, and the master decides on each
// replica: admitted, left out, lost, to join again, to be deleted, or kept and reported. Towards
// each new master again.
#pragma once

#include <map>
#include <vector>

#include "base/result.h"
#include "meta/master/host_boots.h"
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
    // It has sent a heartbeat.
    void heard(CsId cs);

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
    // A start that a master accepted, with all that its repository knew of those before it.
    struct Accepted {
        uint64_t mark = 0;
        std::vector<uint64_t> earlier;
    };
    [[nodiscard]] Result<void> check_start(const CsStartRequest& request) const;
    [[nodiscard]] bool knows_last_start(const CsStartRequest& request) const;
    [[nodiscard]] bool is_overtaken(const CsStartRequest& request) const;
    Error refuse_copy(const CsStartRequest& request);
    Task<Result<void>> log_start(const CsStartRequest& request);
    [[nodiscard]] Decisions decide(CsId cs, const std::vector<HeldChunk>& held) const;
    void decide_held(CsId cs, const HeldChunk& held, Decisions& decisions) const;
    Task<Result<void>> leave(CsId cs, const std::vector<ChunkId>& chunks, bool lost);
    Task<Result<void>> admit(CsId cs, const std::vector<std::pair<ChunkId, Version>>& chunks);

    Master& master_;
    std::map<CsId, Told> told_;
    std::map<CsId, Accepted> accepted_;  // by this master
    HostBoots boots_;
    std::map<CsId, uint64_t> refused_;  // the start of an old copy that was told of last
};

}  // namespace cairn::meta
