// The last look at a cluster that is whole and idle: every replica in sync of every chunk is read,
// verified, and compared with the others. A difference is a fault, even where no client would have
// read the wrong one yet.
#pragma once

#include <utility>
#include <vector>

#include "rpc/cluster_files.h"
#include "runtime/runtime.h"
#include "runtime/task.h"
#include "wire/chunk_messages.h"

namespace cairn::sim {

struct AuditedChunk {
    ChunkTag tag;
    uint32_t blocks = 0;
    std::vector<std::pair<CsId, Address>> replicas;
};

// A bad block, or a server that does not answer, has `patience` to become whole again.
[[nodiscard]] Task<Result<void>> audit_replicas(Runtime& runtime, rpc::ClusterAccess access,
                                                std::vector<AuditedChunk> chunks,
                                                Duration patience);

}  // namespace cairn::sim
