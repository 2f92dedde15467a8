// Copies between replicas: what a source answers, and the orders that make this server copy from
// one (join, compare).
#include <algorithm>
#include <fmt/core.h>

#include "base/checksum.h"
#include "chunk/copier.h"
#include "chunk/reply.h"
#include "chunk/service.h"

namespace cairn::chunk {

namespace {
constexpr uint64_t lost_block_checksum = 0;
constexpr Duration turn_patience = seconds(5);  // much less than who asks has
}  // namespace

Task<rpc::Response> ChunkService::read_table(ReadTableRequest request) {
    const std::shared_ptr<Replica> replica = find(request.chunk);
    if (!replica)
        co_return failed(lost(request.chunk));
    Result<void> allowed = replica->check_source(request.version);
    if (!allowed)
        co_return failed(allowed.error());
    if (request.block_count > max_table_entries)
        co_return failed(Error(Code::invalid_argument, "too many table entries in one request"));
    Result<std::vector<BlockSum>> table =
        co_await store_.table(request.chunk, request.first_block, request.block_count);
    if (!table)
        co_return failed(table.error());
    ReadTableReply reply;
    for (size_t i = 0; i < table->size(); i++) {
        const BlockSum& sum = (*table)[i];
        // What is lost here must differ from whatever the other holds, so that the block is asked
        // for and found bad.
        reply.checksums.push_back(sum.lost ? lost_block_checksum : sum.checksum);
    }
    co_return done(encode(reply));
}

Task<rpc::Response> ChunkService::copy_blocks(CopyBlocksRequest request) {
    const std::shared_ptr<Replica> replica = find(request.chunk);
    if (!replica)
        co_return failed(lost(request.chunk));
    Result<void> allowed = replica->check_source(request.version);
    if (!allowed)
        co_return failed(allowed.error());
    if (request.blocks.size() > max_blocks_per_request)
        co_return failed(Error(Code::invalid_argument, "too many blocks in one request"));
    // Who asks must not wait for longer than it has patience: it asks again.
    if (!request.urgent) {
        const bool came = co_await repair_turns_.wait(request.blocks.size() * block_size,
                                                      runtime_.loop.now() + turn_patience);
        if (!came)
            co_return failed(Error(Code::retry, "other copies have their turn here"));
    }
    CopyBlocksReply reply;
    rpc::Payload payload;
    for (size_t at = 0; at < request.blocks.size();) {
        size_t end = at + 1;
        while (end < request.blocks.size() && request.blocks[end] == request.blocks[end - 1] + 1)
            end++;
        const auto count = static_cast<uint32_t>(end - at);
        Result<void> read =
            co_await read_for_copy(request.chunk, request.blocks[at], count, reply, payload);
        if (!read)
            co_return failed(read.error());
        at = end;
    }
    counters_.repair_read(reply.blocks.size() * block_size);
    co_return done(encode(reply), std::move(payload));
}

// Where a block is bad, block by block around it.
Task<Result<void>> ChunkService::read_for_copy(ChunkId chunk, uint32_t first, uint32_t count,
                                               CopyBlocksReply& reply, rpc::Payload& payload) {
    std::vector<BadBlock> bad;
    Result<ChunkRead> stored = co_await store_.read(chunk, first, count, bad);
    if (!stored && stored.code() != Code::corrupt)
        co_return stored.error();
    if (!stored && count == 1) {
        co_await note_bad_blocks(chunk, std::move(bad));
        reply.bad.push_back(first);
        co_return Result<void>();
    }
    if (!stored) {
        for (uint32_t i = 0; i < count; i++)
            CO_TRY(co_await read_for_copy(chunk, first + i, 1, reply, payload));
        co_return Result<void>();
    }
    uint32_t at = 0;
    const auto add_data = [&](uint32_t until) {
        if (until > at)
            payload.add(
                stored->data.slice(size_t{at} * block_size, size_t{until - at} * block_size));
        for (; at < until; at++) {
            reply.blocks.push_back(first + at);
            reply.checksums.push_back(stored->checksums[at]);
        }
    };
    for (const auto& [start, zeros] : stored->zero_runs) {
        add_data(start);
        for (; at < start + zeros; at++)
            reply.zeros.push_back(first + at);
    }
    add_data(count);
    co_return Result<void>();
}

Task<rpc::Response> ChunkService::begin_join(BeginJoinOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    const ChunkDescription& description = order.description;
    // Of a file that was deleted nothing is left to be compared: it is made anew.
    bool there = true;
    if (find(description.chunk)) {
        Result<bool> looked = co_await store_.file_is_there(description.chunk);
        if (!looked)
            co_return failed(looked.error());
        there = *looked;
    }
    std::shared_ptr<Replica> replica = find(description.chunk);
    if (replica && description.version < replica->version())
        co_return failed(Error(
            Code::stale_map,
            fmt::format("chunk {} is at version {} here, the join at {}", description.chunk.number,
                        replica->version().number, description.version.number)));
    if (replica && !there) {
        Result<void> removed = co_await forget_replica(description.chunk);
        if (!removed)
            co_return failed(removed.error());
        replica = nullptr;
    }
    if (!replica) {
        auto made = co_await make_replica(description, ChunkState::joining);
        if (!made)
            co_return failed(made.error());
        replica = *made;
    }
    const std::shared_ptr<FileFence> fence = fence_of(description.file);
    fence->epoch = std::max(fence->epoch, order.epoch);
    replica->begin_join(description.file, description.version);
    co_await replica->running.drain();
    Result<void> kept =
        co_await store_.set_state(description.chunk, ChunkState::joining, description.version);
    if (!kept)
        co_return failed(kept.error());
    co_return done();
}

Task<rpc::Response> ChunkService::run_join(RunJoinOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    const std::shared_ptr<Replica> replica = find(order.chunk);
    if (!replica)
        co_return failed(lost(order.chunk));
    if (replica->state() == ReplicaState::complete && replica->version() == order.version)
        co_return done();  // it was done before, and the answer was lost
    if (replica->state() != ReplicaState::joining)
        co_return failed(
            Error(Code::not_admitted, "the join was cut short here: it must begin anew"));
    replica->told(order.version, rules_);
    // 1. Copy what differs.
    const uint64_t failed_before = replica->failed_writes();
    Copier copier(runtime_, store_, peers_, rules_, counters_,
                  order.urgent ? nullptr : &repair_turns_);
    Result<CopyResult> copied =
        co_await copier.copy_chunk(replica, order.version, order.source_address, {});
    if (!copied)
        co_return failed(copied.error());
    if (!copied->bad_at_source.empty())
        co_return failed(Error(Code::corrupt, fmt::format("{} blocks are bad at the source",
                                                          copied->bad_at_source.size())));
    Result<void> whole = co_await copier.check_what_was_left(replica, failed_before);
    if (!whole)
        co_return failed(whole.error());
    // 2. Sync, then be complete, then say so.
    if (rules_.sync_before_complete) {
        Result<void> flushed = co_await store_.flush();
        if (!flushed)
            co_return failed(flushed.error());
    }
    if (replica->version() != order.version || replica->state() != ReplicaState::joining)
        co_return failed(Error(Code::stale_map, "the chunk went on to another version"));
    Result<void> kept = co_await store_.set_state(order.chunk, ChunkState::complete, order.version);
    if (!kept)
        co_return failed(kept.error());
    if (replica->state() != ReplicaState::joining || replica->version() != order.version)
        co_return failed(Error(Code::stale_map, "the chunk went on to another version"));
    replica->complete_join();
    co_return done();
}

Task<rpc::Response> ChunkService::compare_chunk(CompareChunkOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    const std::shared_ptr<Replica> replica = find(order.chunk);
    if (!replica)
        co_return failed(lost(order.chunk));
    Result<void> allowed = replica->check_source(order.version);
    if (!allowed)
        co_return failed(allowed.error());
    const uint64_t failed_before = replica->failed_writes();
    Copier copier(runtime_, store_, peers_, rules_, counters_, nullptr);
    std::vector<uint32_t> skip;
    skip.reserve(order.exceptions.size());
    for (const StandIn& exception : order.exceptions)
        skip.push_back(exception.block);
    std::sort(skip.begin(), skip.end());
    CopyResult total;
    // The source itself is ordered too when a stand-in must restore its bad blocks.
    if (order.source != store_.identity().cs) {
        Result<CopyResult> copied =
            co_await copier.copy_chunk(replica, order.version, order.source_address, skip);
        if (!copied)
            co_return failed(copied.error());
        total = std::move(*copied);
    }
    for (const StandIn& exception : order.exceptions) {
        if (exception.source == store_.identity().cs)
            continue;
        Result<CopyResult> copied = co_await copier.copy_these(
            replica, order.version, exception.address, {exception.block});
        if (!copied)
            co_return failed(copied.error());
        total.blocks_copied += copied->blocks_copied;
    }
    Result<void> whole = co_await copier.check_what_was_left(replica, failed_before);
    if (!whole)
        co_return failed(whole.error());
    if (rules_.sync_before_complete) {
        Result<void> flushed = co_await store_.flush();
        if (!flushed)
            co_return failed(flushed.error());
    }
    CompareChunkReply reply;
    reply.blocks_compared = total.blocks_compared;
    reply.blocks_copied = total.blocks_copied;
    reply.bad_at_source = std::move(total.bad_at_source);
    co_return done(encode(reply));
}

}  // namespace cairn::chunk
