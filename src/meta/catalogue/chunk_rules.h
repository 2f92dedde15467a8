// The rules of a chunk's replica set: what raises its version, who may leave, when a comparison
// starts (cluster-protocol.md; the reference is the checked model's `fixed` rules). Called while an
// entry is applied.
#pragma once

#include <vector>

#include "meta/catalogue/change.h"

namespace cairn::meta {

// Under a new version: joiners go, suspects and stand-ins are looked at anew, and what in-sync
// replicas answered before counts no more. Of a running comparison: it starts again.
void start_comparison(Change& change, ChunkId chunk);

struct LeavingPiece {
    CsId cs;
    bool lost = false;                             // for ever
    const std::vector<CsId>* answering = nullptr;  // chunk servers that answer now, ascending
};

// The leaving rule: whether it is in the set, and enough would remain.
[[nodiscard]] bool may_leave(const Catalogue& catalogue, const Rules& rules, const Chunk& chunk,
                             const LeavingPiece& leaving);

// It leaves if it may. Whether it left; false: it is not in the set, or too few would remain.
[[nodiscard]] bool leave(Change& change, ChunkId chunk, const LeavingPiece& leaving);

// A replica may have lost what it acknowledged and cannot leave: it becomes suspect, a comparison
// starts, and if only suspects are left, the writer's lease ends first.
void suspect(Change& change, ChunkId chunk, CsId cs);

// Equal and synced everywhere: no suspects, no comparison; the mark goes off unless a writer holds
// the file.
void finish_comparison(Change& change, ChunkId chunk);

}  // namespace cairn::meta
