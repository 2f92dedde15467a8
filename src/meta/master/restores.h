// Restores: blocks that a chunk server found bad are restored from another replica of the same
// chunk. Only the bytes change, never what they mean, so nothing else has to stop. A replica that
// cannot be restored so leaves its set and joins anew.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "runtime/runtime.h"

namespace cairn::meta {

class Master;

class Restores {
  public:
    explicit Restores(Master& master) : master_(master) {}

    void found(CsId cs, const std::vector<std::pair<ChunkId, uint32_t>>& bad_blocks);

  private:
    Task<void> restore(ChunkId chunk, CsId cs, std::vector<uint32_t> blocks);
    // Leaves in `blocks` what `source` did not have either.
    Task<void> restore_from(ChunkId id, CsId cs, CsId source, std::vector<uint32_t>& blocks,
                            bool& refused);
    Task<void> join_anew(ChunkId chunk, CsId cs);

    Master& master_;
    // With the blocks that were told of while others are being restored.
    std::map<std::pair<ChunkId, CsId>, std::vector<uint32_t>> running_;
};

}  // namespace cairn::meta
