#include "meta/master/restores.h"

#include <algorithm>
#include <fmt/core.h>

#include "meta/catalogue/event_texts.h"
#include "meta/master/describe_chunk.h"
#include "meta/master/master.h"
#include "wire/chunk_messages.h"
#include "wire/log_chunks.h"

namespace cairn::meta {

void Restores::found(CsId cs, const std::vector<std::pair<ChunkId, uint32_t>>& bad_blocks) {
    std::map<ChunkId, std::vector<uint32_t>> by_chunk;
    for (const auto& [chunk, block] : bad_blocks)
        by_chunk[chunk].push_back(block);
    for (auto& [chunk, blocks] : by_chunk) {
        std::sort(blocks.begin(), blocks.end());
        const auto [running, first] = running_.try_emplace({chunk, cs});
        if (!first) {
            running->second.insert(running->second.end(), blocks.begin(), blocks.end());
            continue;
        }
        master_.events.note(cs_hard_error(cs, path_of_replica(master_.catalogue(), cs, chunk)));
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
    bool refused = false;
    for (const CsId source : sources) {
        if (!blocks.empty())
            co_await restore_from(id, cs, source, blocks, refused);
    }
    if (refused && !master_.stopping())
        co_await join_anew(id, cs);
    if (!blocks.empty())
        master_.runtime.log.write(
            Severity::error, "mds",
            fmt::format("{} bad blocks of chunk {} on CS#{} (the first is {}) could not be "
                        "restored from another replica",
                        blocks.size(), id.number, cs.number, blocks.front()));
    const auto running = running_.find({id, cs});
    std::vector<uint32_t> more = std::move(running->second);
    running_.erase(running);
    // Its server has told of these once, and does not do so again before they are read again.
    std::ranges::sort(more);
    more.erase(std::ranges::unique(more).begin(), more.end());
    std::vector<std::pair<ChunkId, uint32_t>> again;
    again.reserve(more.size());
    for (const uint32_t block : more)
        again.emplace_back(id, block);
    if (!again.empty() && !master_.stopping())
        found(cs, again);
}

Task<void> Restores::restore_from(ChunkId id, CsId cs, CsId source, std::vector<uint32_t>& blocks,
                                  bool& refused) {
    std::vector<uint32_t> left;
    for (size_t at = 0; at < blocks.size(); at += max_blocks_per_request) {
        const auto begin = blocks.begin() + static_cast<ptrdiff_t>(at);
        const size_t count = std::min<size_t>(max_blocks_per_request, blocks.size() - at);
        RestoreBlocksOrder order;
        order.blocks.assign(begin, begin + static_cast<ptrdiff_t>(count));
        const std::vector<uint32_t> asked = order.blocks;
        const Chunk* chunk = master_.catalogue().chunk(id);
        // A comparison puts right what is bad by itself, and while it runs the others may differ.
        Result<Buffer> answer = Error(Code::stale_map, "the chunk is being compared");
        if (chunk != nullptr && master_.catalogue().comparison(id) == nullptr) {
            order.chunk = id;
            order.version = chunk->version;
            order.source = source;
            order.source_address = master_.catalogue().server(source)->address;
            answer = co_await master_.orders.send(cs, Method::restore_blocks, std::move(order),
                                                  seconds(30));
        }
        auto reply = answer ? decode<RestoreBlocksReply>(answer->view())
                            : Result<RestoreBlocksReply>(answer.error());
        refused |= reply && !reply->refused.empty();
        const std::vector<uint32_t>& still = reply ? reply->bad_at_source : asked;
        left.insert(left.end(), still.begin(), still.end());
    }
    blocks = std::move(left);
}

// What the others hold is not what its table says: it leaves, if its set can do without it, and
// takes everything that differs from them.
Task<void> Restores::join_anew(ChunkId id, CsId cs) {
    const Chunk* chunk = master_.catalogue().chunk(id);
    if (chunk == nullptr || chunk->pieces.find(cs) == nullptr)
        co_return;
    logged::LeaveReplicas leave;
    leave.replicas = {{id, chunk->version, cs}};
    static_cast<void>(co_await master_.leaving.propose(std::move(leave)));
}

}  // namespace cairn::meta
