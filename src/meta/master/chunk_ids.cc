#include "meta/master/chunk_ids.h"

#include "meta/master/master.h"
#include "wire/log_chunks.h"

namespace cairn::meta {

namespace {
constexpr uint32_t ids_at_once = 256;
}

ChunkIds::ChunkIds(Master& master) : master_(master), reserving_(master.runtime.loop) {}

Task<Result<ChunkId>> ChunkIds::next() {
    const Mutex::Guard guard = co_await reserving_.lock();
    if (left_ == 0) {
        logged::ReserveChunkIds reserve;
        reserve.count = ids_at_once;
        Result<Answer> answer = co_await master_.propose(reserve);
        if (!answer)
            co_return answer.error();
        Result<logged::ReserveChunkIdsAnswer> block = answer->as<logged::ReserveChunkIdsAnswer>();
        if (!block)
            co_return block.error();
        next_ = block->first;
        left_ = block->count;
    }
    const ChunkId id = next_;
    next_ = next_.next();
    left_--;
    co_return id;
}

}  // namespace cairn::meta
