// Blocks that rotted here, put right from another replica in sync: when a read finds one, it is
// noted; a heartbeat tells the master; the master orders the restore.
#include <algorithm>
#include <fmt/core.h>
#include <map>

#include "chunk/reply.h"
#include "chunk/service.h"

namespace cairn::chunk {

void ChunkService::note_bad_block(ChunkId chunk, uint32_t block) {
    if (bad_blocks_.size() < bad_blocks_max && bad_blocks_.emplace(chunk, block).second) {
        counters_.bad_block();
        runtime_.log.write(Severity::error, "cs",
                           fmt::format("block {} of chunk {:016x} does not match its checksum",
                                       block, chunk.number));
    }
}

// The store has told of the page. All that is lost with it is to be restored, also what nobody
// reads.
Task<void> ChunkService::note_lost_page(ChunkId chunk, uint32_t page) {
    const std::optional<ChunkInfo> info = store_.find(chunk);
    const uint32_t first = page * entries_per_page;
    if (!info || bad_blocks_.size() >= bad_blocks_max)
        co_return;
    const auto block_count = static_cast<uint32_t>(info->size / block_size);
    Result<std::vector<BlockSum>> sums =
        co_await store_.table(chunk, first, std::min(entries_per_page, block_count - first));
    if (!sums)
        co_return;
    for (uint32_t i = 0; i < sums->size(); i++) {
        if ((*sums)[i].lost && bad_blocks_.emplace(chunk, first + i).second)
            counters_.bad_block();
    }
}

Task<void> ChunkService::note_bad_blocks(ChunkId chunk, std::vector<BadBlock> bad) {
    uint32_t last_page = UINT32_MAX;
    for (const BadBlock& block : bad) {
        if (block.checksum) {
            note_bad_block(chunk, block.block);
        } else if (page_of(block.block) != last_page) {
            last_page = page_of(block.block);
            co_await note_lost_page(chunk, last_page);
        }
    }
}

std::vector<std::pair<ChunkId, uint32_t>> ChunkService::bad_blocks() const {
    return {bad_blocks_.begin(), bad_blocks_.end()};
}

void ChunkService::forget_bad_blocks(const std::vector<std::pair<ChunkId, uint32_t>>& told) {
    for (const auto& block : told)
        bad_blocks_.erase(block);
}

// Content that has the checksum which is held here needs nothing else. Where the checksum is lost
// as well, the block is unreadable here: what another replica in sync answers is as good as what
// this one would, and is taken only if no write came since.
Task<Result<void>> ChunkService::restore_block(ChunkId chunk, uint32_t block, Buffer content) {
    Result<std::vector<BlockSum>> sum = co_await store_.table(chunk, block, 1);
    if (!sum)
        co_return sum.error();
    if (sum->front().lost)
        co_return co_await store_.fill_lost_block(chunk, block, std::move(content));
    co_return co_await store_.restore_block(chunk, block, std::move(content));
}

Task<rpc::Response> ChunkService::restore_blocks(RestoreBlocksOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    const std::shared_ptr<Replica> replica = find(order.chunk);
    if (!replica)
        co_return failed(lost(order.chunk));
    CopyBlocksRequest request;
    request.chunk = order.chunk;
    request.version = order.version;
    request.blocks = order.blocks;
    rpc::CallOptions options;
    options.timeout = seconds(15);
    options.expected_reply = static_cast<uint32_t>(request.blocks.size() * (block_size + 64));
    auto response = co_await peers_.to(order.source_address)
                        .call(Method::copy_blocks, encode(request), rpc::Payload(), options);
    if (!response)
        co_return failed(response.error());
    Result<CopyBlocksReply> copies = decode<CopyBlocksReply>(response->body.view());
    if (!copies || response->payload.size() != copies->blocks.size() * block_size)
        co_return failed(Error(Code::corrupt, "a copy's answer does not fit its request"));
    std::map<uint32_t, Buffer> contents;
    for (size_t i = 0; i < copies->blocks.size(); i++)
        contents[copies->blocks[i]] = response->payload.slice(i * block_size, block_size);
    for (const uint32_t block : copies->zeros)
        contents[block] = Buffer::zeroed(block_size);
    RestoreBlocksReply reply;
    for (const uint32_t block : order.blocks) {
        const auto content = contents.find(block);
        if (content == contents.end()) {
            reply.bad_at_source.push_back(block);
            continue;
        }
        Result<void> restored = co_await restore_block(order.chunk, block, content->second);
        if (!restored) {
            reply.refused.push_back(block);
            continue;
        }
        counters_.restored();
        bad_blocks_.erase({order.chunk, block});
    }
    co_return done(encode(reply));
}

}  // namespace cairn::chunk
