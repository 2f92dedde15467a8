#include "chunk/place_gate.h"

#include "base/check.h"

namespace cairn::chunk {

Task<void> enter_writer(StoreCore& core, ChunkRef chunk) {
    while (chunk->exclusive_readers != 0)
        co_await core.gate.wait();
    chunk->writers_in_place++;
    chunk->generation++;
}

void leave_writer(StoreCore& core, ChunkEntry& chunk) {
    CHECK(chunk.writers_in_place > 0);
    chunk.writers_in_place--;
    chunk.generation++;
    core.gate.notify_all();
}

Task<void> enter_exclusive_reader(StoreCore& core, ChunkRef chunk) {
    // Announced first, so that no further writer enters and the wait is short.
    chunk->exclusive_readers++;
    while (chunk->writers_in_place != 0)
        co_await core.gate.wait();
}

void leave_exclusive_reader(StoreCore& core, ChunkEntry& chunk) {
    CHECK(chunk.exclusive_readers > 0);
    chunk.exclusive_readers--;
    core.gate.notify_all();
}

}  // namespace cairn::chunk
