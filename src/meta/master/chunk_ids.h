// ChunkIds: hands out ids of new chunks from a block that was reserved in the log before any of
// them is used, so that no id is used twice. A master that dies leaves the rest of its block
// unused.
#pragma once

#include "base/ids.h"
#include "runtime/runtime.h"

namespace cairn::meta {

class Master;

class ChunkIds {
  public:
    explicit ChunkIds(Master& master);
    Task<Result<ChunkId>> next();

  private:
    Master& master_;
    Mutex reserving_;
    ChunkId next_;
    uint32_t left_ = 0;
};

}  // namespace cairn::meta
