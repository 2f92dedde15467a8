// What clients ask of a chunk server: read, write, flush. Each request is gated by what its tag
// says, and counted as running until it is answered, so that a seal can wait for it.
#include <algorithm>

#include "chunk/reply.h"
#include "chunk/service.h"

namespace cairn::chunk {

Task<rpc::Response> ChunkService::read_blocks(ReadBlocksRequest request) {
    const std::shared_ptr<Replica> replica = find(request.tag.chunk);
    if (!replica)
        co_return failed(lost(request.tag.chunk));
    if (request.block_count == 0 || request.block_count > max_blocks_per_request)
        co_return failed(Error(Code::invalid_argument, "a read of no blocks, or of too many"));
    const std::shared_ptr<FileFence> fence = fence_of(request.tag.file);
    // 1. Gate.
    Result<void> allowed = replica->check(request.tag, fence->epoch, Replica::Use::read, rules_);
    if (!allowed)
        co_return failed(allowed.error());
    const RunningRequests::Token on_chunk(replica->running);
    const RunningRequests::Token on_file(fence->running);
    replica->told(request.tag.version, rules_);
    fence->epoch = std::max(fence->epoch, request.tag.epoch);
    // 2. Read and verify.
    std::vector<BadBlock> bad;
    Result<ChunkRead> blocks =
        co_await store_.read(request.tag.chunk, request.first_block, request.block_count, bad);
    if (!blocks) {
        co_await note_bad_blocks(request.tag.chunk, std::move(bad));
        co_return failed(blocks.error());
    }
    counters_.read(request.tag.chunk, uint64_t{request.block_count} * block_size);
    // 3. Zeros do not travel.
    ReadBlocksReply reply;
    rpc::Payload payload;
    uint32_t at = 0;
    const auto add_data = [&](uint32_t until) {
        if (until > at)
            payload.add(
                blocks->data.slice(size_t{at} * block_size, size_t{until - at} * block_size));
        for (; at < until; at++)
            reply.checksums.push_back(blocks->checksums[at]);
    };
    for (const auto& [start, count] : blocks->zero_runs) {
        add_data(start);
        at = start + count;
    }
    add_data(request.block_count);
    reply.zero_runs = std::move(blocks->zero_runs);
    co_return done(encode(reply), std::move(payload));
}

Task<rpc::Response> ChunkService::write_blocks(WriteBlocksRequest request, Buffer payload) {
    const std::shared_ptr<Replica> replica = find(request.tag.chunk);
    if (!replica)
        co_return failed(lost(request.tag.chunk));
    const bool has_data = request.kind == WriteKind::data;
    if (request.block_count == 0 ||
        (has_data && (request.block_count > max_blocks_per_request ||
                      payload.size() != size_t{request.block_count} * block_size ||
                      request.checksums.size() != request.block_count)))
        co_return failed(
            Error(Code::invalid_argument, "a write whose parts do not fit each other"));
    const std::shared_ptr<FileFence> fence = fence_of(request.tag.file);
    // 1. Gate.
    Result<void> allowed = replica->check(request.tag, fence->epoch, Replica::Use::write, rules_);
    if (!allowed)
        co_return failed(allowed.error());
    const RunningRequests::Token on_chunk(replica->running);
    const RunningRequests::Token on_file(fence->running);
    // 2. Note first what a copy may no longer overwrite, then write.
    replica->told(request.tag.version, rules_);
    fence->epoch = std::max(fence->epoch, request.tag.epoch);
    const uint64_t write = replica->client_writes(request.first_block, request.block_count);
    const WriteTag tag = rules_.refuse_older ? WriteTag{request.tag.chunk, request.tag.version,
                                                        request.tag.file, request.tag.epoch}
                                             : WriteTag{request.tag.chunk, {}, {}, {}};
    // 3. With the flush that comes with it, if one does.
    const bool durable = request.durable && rules_.sync_durable_writes;
    Result<void> held;
    if (has_data) {
        held = co_await store_.write({.tag = tag,
                                      .first_block = request.first_block,
                                      .data = std::move(payload),
                                      .checksums = std::move(request.checksums),
                                      .durable = durable});
    } else {
        held = co_await store_.write_zeros(
            {tag, request.first_block, request.block_count, request.kind == WriteKind::punch});
        if (held && durable)
            held = co_await store_.flush();
    }
    replica->client_wrote(write, held || !rules_.forget_failed_writes);
    if (!held)
        co_return failed(held.error());
    counters_.wrote(request.tag.chunk, uint64_t{request.block_count} * block_size);
    if (durable)
        counters_.flushed();
    if (!request.durable)
        co_return done();
    co_return done(encode(WriteBlocksReply{.durable = true}));
}

Task<rpc::Response> ChunkService::flush_chunks(FlushChunksRequest request) {
    // Tokens go before what they count on.
    std::vector<std::shared_ptr<Replica>> replicas;
    std::vector<std::shared_ptr<FileFence>> fences;
    std::vector<std::unique_ptr<RunningRequests::Token>> tokens;
    for (const ChunkTag& tag : request.tags) {
        const std::shared_ptr<Replica> replica = find(tag.chunk);
        if (!replica)
            co_return failed(lost(tag.chunk));
        const std::shared_ptr<FileFence> fence = fence_of(tag.file);
        Result<void> allowed = replica->check(tag, fence->epoch, Replica::Use::flush, rules_);
        if (!allowed)
            co_return failed(allowed.error());
        replica->told(tag.version, rules_);
        fence->epoch = std::max(fence->epoch, tag.epoch);
        tokens.push_back(std::make_unique<RunningRequests::Token>(replica->running));
        tokens.push_back(std::make_unique<RunningRequests::Token>(fence->running));
        replicas.push_back(replica);
        fences.push_back(fence);
    }
    Result<void> flushed = co_await store_.flush();
    tokens.clear();
    if (!flushed)
        co_return failed(flushed.error());
    counters_.flushed();
    co_return done();
}

}  // namespace cairn::chunk
