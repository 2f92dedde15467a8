// The master's orders for scrubbing: a stretch of a replica is read from the disk and verified; a
// replica tells in few bytes what it holds. Clients go first: the disk belongs to them while they
// have requests here.
#include <algorithm>

#include "chunk/reply.h"
#include "chunk/service.h"

namespace cairn::chunk {

namespace {

// For one order: some 8 MiB, so that none takes long. Holes cost next to nothing.
constexpr uint32_t blocks_per_order = 8 * entries_per_page;
constexpr uint32_t pages_per_order = 64;
constexpr Duration longest_pause = milliseconds(200);

}  // namespace

Task<rpc::Response> ChunkService::verify_chunk(VerifyChunkOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    const std::optional<ChunkInfo> info = store_.find(order.chunk);
    if (!info || !find(order.chunk))
        co_return failed(lost(order.chunk));
    const auto block_count = static_cast<uint32_t>(info->size / block_size);
    if (order.first_block >= block_count)
        co_return failed(Error(Code::out_of_range, "no such blocks in the chunk"));
    VerifyChunkReply reply;
    if (order.first_block == 0) {
        Result<uint32_t> headers = co_await store_.verify_headers(order.chunk);
        if (!headers)
            co_return failed(headers.error());
        reply.rewritten += *headers;
    }
    const uint32_t page_count = ChunkGeometry{info->size}.page_count();
    uint32_t page = page_of(order.first_block);
    const uint32_t end = std::min(page_count, page + pages_per_order);
    for (; page < end && reply.blocks_read < blocks_per_order; page++) {
        const Instant began = runtime_.loop.now();
        Result<VerifiedPage> verified = co_await store_.verify_page(order.chunk, page);
        if (!verified)
            co_return failed(verified.error());
        reply.blocks_read += verified->blocks_read;
        reply.bad_blocks += static_cast<uint32_t>(verified->bad.size());
        reply.rewritten += verified->rewritten ? 1 : 0;
        co_await note_bad_blocks(order.chunk, std::move(verified->bad));
        // At most half of the time of a disk that clients want.
        if (counters_.running() > 0 && verified->blocks_read > 0)
            co_await Sleep(runtime_.loop, std::min(runtime_.loop.now() - began, longest_pause));
    }
    counters_.verified(uint64_t{reply.blocks_read} * block_size, reply.rewritten);
    if (page == page_count)
        counters_.verified_chunk(order.chunk);
    else
        reply.next_block = page * entries_per_page;
    co_return done(encode(reply));
}

Task<rpc::Response> ChunkService::digest_chunk(DigestChunkOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    const std::shared_ptr<Replica> replica = find(order.chunk);
    if (!replica)
        co_return failed(lost(order.chunk));
    // Where a replica only left the set, nobody has told the others of the new version yet.
    replica->told(order.version, rules_);
    Result<void> allowed = replica->check_source(order.version);
    if (allowed && !replica->admitted())
        allowed = Error(Code::not_admitted, "this replica waits for the master to readmit it");
    if (!allowed)
        co_return failed(allowed.error());
    Result<std::vector<uint64_t>> digests = co_await store_.page_digests(order.chunk);
    if (!digests)
        co_return failed(digests.error());
    DigestChunkReply reply;
    reply.blocks_per_digest = entries_per_page;
    reply.digests = std::move(*digests);
    co_return done(encode(reply));
}

}  // namespace cairn::chunk
