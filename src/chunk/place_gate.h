// PlaceGate: keeps the writes in place of one chunk apart from reads that must not meet one. Most
// reads do not take it: they look afterwards whether they met a write, and only then read again
// behind the gate. A writer waits for those few readers, and they for writers in place.
#pragma once

#include "chunk/chunk_entry.h"
#include "chunk/store_core.h"
#include "runtime/task.h"

namespace cairn::chunk {

Task<void> enter_writer(StoreCore& core, ChunkRef chunk);
void leave_writer(StoreCore& core, ChunkEntry& chunk);
Task<void> enter_exclusive_reader(StoreCore& core, ChunkRef chunk);
void leave_exclusive_reader(StoreCore& core, ChunkEntry& chunk);

}  // namespace cairn::chunk
