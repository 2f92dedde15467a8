#include "meta/master/restores.h"

#include <algorithm>
#include <fmt/core.h>

#include "meta/catalogue/event_texts.h"
#include "meta/master/master.h"
#include "wire/log_chunks.h"

namespace cairn::meta {

void Restores::found(CsId cs, const std::vector<std::pair<ChunkId, uint32_t>>& bad_blocks) {
    std::map<ChunkId, std::vector<uint32_t>> by_chunk;
    for (const auto& [chunk, block] : bad_blocks)
        by_chunk[chunk].push_back(block);
    for (auto& [chunk, blocks] : by_chunk) {
        std::sort(blocks.begin(), blocks.end());
        const CsRecord* record = master_.catalogue().server(cs);
        if (!running_.emplace(chunk, cs).second)
            continue;
        master_.events.note(cs_hard_error(
            cs, fmt::format("{}/chunks/{:016x}", record == nullptr ? "" : record->repository,
                            chunk.number)));
        master_.scope.spawn(restore(chunk, cs, std::move(blocks)));
    }
}

Task<void> Restores::restore(ChunkId id, CsId cs, std::vector<uint32_t> blocks) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    std::vector<CsId> sources;
    if (chunk != nullptr && chunk->pieces.find(cs) != nullptr) {
        for (const ChunkPiece& piece : chunk->pieces) {
            if (piece.in_sync() && piece.cs != cs && master_.servers.answers(piece.cs))
                sources.push_back(piece.cs);
        }
    }
    for (const CsId source : sources) {
        chunk = master_.catalogue().chunk(id);
        if (chunk == nullptr || blocks.empty())
            break;
        RestoreBlocksOrder order;
        order.chunk = id;
        order.version = chunk->version;
        order.blocks = blocks;
        order.source = source;
        order.source_address = master_.catalogue().server(source)->address;
        Result<Buffer> answer =
            co_await master_.orders.send(cs, Method::restore_blocks, std::move(order), seconds(30));
        if (!answer)
            continue;
        Result<RestoreBlocksReply> reply = decode<RestoreBlocksReply>(answer->view());
        if (reply)
            blocks = std::move(reply->still_bad);
    }
    if (!blocks.empty() && !sources.empty() && !master_.stopping())
        co_await join_anew(id, cs);
    running_.erase({id, cs});
}

// Its table is bad as well: it leaves, if its set can do without it, and takes everything that
// differs from the others.
Task<void> Restores::join_anew(ChunkId id, CsId cs) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr || chunk->pieces.find(cs) == nullptr)
        co_return;
    logged::LeaveReplicas leave;
    leave.answering = master_.servers.answering();
    std::erase(leave.answering, cs);
    leave.replicas = {{id, chunk->version, cs}};
    static_cast<void>(co_await master_.propose(std::move(leave)));
}

}  // namespace cairn::meta
