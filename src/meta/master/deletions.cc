#include "meta/master/deletions.h"

#include "meta/master/master.h"
#include "wire/order_messages.h"

namespace cairn::meta {

Deletions::Deletions(Master& master) : master_(master), added_(master.runtime.loop) {}

void Deletions::add(CsId cs, ChunkId chunk) {
    waiting_[cs].insert(chunk);
    added_.notify_all();
}

size_t Deletions::waiting() const {
    size_t count = 0;
    for (const auto& [cs, chunks] : waiting_)
        count += chunks.size();
    return count;
}

Task<void> Deletions::delete_batch(CsId cs, std::vector<ChunkId> chunks) {
    DeleteChunksOrder order;
    order.id_limit = master_.catalogue().counters().chunk_limit;
    for (const ChunkId id : chunks) {
        // It may have become a replica again since it was put down here.
        const Chunk* chunk = master_.catalogue().chunk(id);
        if (chunk == nullptr || chunk->pieces.find(cs) == nullptr)
            order.chunks.emplace_back(id, chunk == nullptr ? Version() : chunk->version);
    }
    Result<Buffer> deleted =
        co_await master_.orders.send(cs, Method::delete_chunks, order, seconds(30));
    if (!deleted)
        co_return;
    const auto at = waiting_.find(cs);
    if (at == waiting_.end())
        co_return;
    for (const ChunkId chunk : chunks)
        at->second.erase(chunk);
    if (at->second.empty())
        waiting_.erase(at);
}

Task<void> Deletions::run() {
    constexpr size_t chunks_per_order = 1000;
    while (!master_.stopping()) {
        {
            Scope batches(master_.runtime.loop);
            for (const auto& [cs, chunks] : waiting_) {
                if (!master_.servers.answers(cs))
                    continue;
                std::vector<ChunkId> batch;
                for (const ChunkId chunk : chunks) {
                    if (batch.size() < chunks_per_order)
                        batch.push_back(chunk);
                }
                batches.spawn(delete_batch(cs, std::move(batch)));
            }
            co_await batches.join();
        }
        const bool stop = co_await master_.pause(milliseconds(waiting_.empty() ? 500 : 100));
        if (stop)
            co_return;
    }
}

}  // namespace cairn::meta
