// Orders of the master about chunks and files: create, delete, fence, seal, admit, sync. Each is
// idempotent.
#include <algorithm>
#include <fmt/core.h>

#include "chunk/reply.h"
#include "chunk/service.h"

namespace cairn::chunk {

namespace {

ChunkHeader header_from(const ChunkDescription& description, ClusterId cluster, ChunkState state) {
    ChunkHeader header;
    header.cluster = cluster;
    header.chunk = description.chunk;
    header.file = description.file;
    header.index = description.index;
    header.size = description.chunk_size;
    header.version = description.version;
    header.piece = description.piece;
    header.state = state;
    header.layout = description.layout;
    header.path_hint = description.path_hint;
    header.attributes = description.attributes;
    return header;
}

}  // namespace

Task<Result<std::shared_ptr<Replica>>> ChunkService::make_replica(ChunkDescription description,
                                                                  ChunkState state) {
    const ChunkId chunk = description.chunk;
    Result<void> created =
        co_await store_.create_chunk(header_from(description, store_.identity().cluster, state));
    // The same order, given twice at once, finds what the other made.
    if (!created && created.code() != Code::already_exists)
        co_return created.error();
    std::shared_ptr<Replica>& replica = replicas_[chunk];
    if (!replica)
        replica = std::make_shared<Replica>(
            runtime_.loop, chunk, description.file, description.version,
            state == ChunkState::joining ? ReplicaState::joining : ReplicaState::complete, true);
    co_return replica;
}

Task<rpc::Response> ChunkService::create_chunk(CreateChunkOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    const ChunkId chunk = order.description.chunk;
    if (find(chunk))
        co_return done();
    const std::shared_ptr<FileFence> fence = fence_of(order.description.file);
    fence->epoch = std::max(fence->epoch, order.epoch);
    auto made = co_await make_replica(std::move(order.description), ChunkState::complete);
    if (!made)
        co_return failed(made.error());
    co_return done();
}

Task<rpc::Response> ChunkService::delete_chunks(DeleteChunksOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    // A master from behind this deletion must never be obeyed again, not even after a restart.
    Result<void> kept = co_await keep_what_was_heard();
    if (!kept)
        co_return failed(kept.error());
    for (const auto& [chunk, version] : order.chunks) {
        if (chunk >= order.id_limit)
            co_return failed(
                Error(Code::invalid_argument,
                      fmt::format("chunk {} is not below the catalogue's counter {}: it is kept",
                                  chunk.number, order.id_limit.number)));
        const std::shared_ptr<Replica> replica = find(chunk);
        if (!replica || (!version.is_none() && replica->version() > version))
            continue;
        Result<void> removed = co_await forget_replica(chunk);
        if (!removed)
            co_return failed(removed.error());
    }
    co_return done();
}

Task<Result<void>> ChunkService::forget_replica(ChunkId chunk) {
    const std::shared_ptr<Replica> replica = find(chunk);
    replicas_.erase(chunk);
    if (replica)
        co_await replica->running.drain();
    Result<void> removed = co_await store_.remove_chunk(chunk);
    if (!removed && removed.code() != Code::not_found)
        co_return removed.error();
    co_return Result<void>();
}

Task<void> ChunkService::fence_file(FileId file, LeaseEpoch epoch, Result<void>& outcome) {
    const std::shared_ptr<FileFence> fence = fence_of(file);
    // 1. From here on nothing older begins. 2. What began before ends. 3. It stays so after a power
    // cut.
    fence->epoch = std::max(fence->epoch, epoch);
    if (rules_.drain_before_seal)
        co_await fence->running.drain();
    if (!rules_.seal_is_durable)
        co_return;
    Result<void> kept = co_await store_.set_file_epoch(file, epoch);
    if (!kept)
        outcome = kept;
}

Task<rpc::Response> ChunkService::fence_files(FenceFilesOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    Result<void> outcome;
    Scope files(runtime_.loop);
    for (const auto& [file, epoch] : order.files)
        files.spawn(fence_file(file, epoch, outcome));
    co_await files.join();
    co_return outcome ? done() : failed(outcome.error());
}

Task<void> ChunkService::seal_replica(std::shared_ptr<Replica> replica, Version version,
                                      Result<void>& outcome) {
    replica->sealed(version, rules_);
    if (rules_.drain_before_seal)
        co_await replica->running.drain();
    if (!rules_.seal_is_durable)
        co_return;
    Result<void> kept = co_await store_.set_version(replica->chunk(), version);
    if (!kept)
        outcome = kept;
}

Task<rpc::Response> ChunkService::seal_chunks(SealChunksOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    SealChunksReply reply;
    Result<void> outcome;
    Scope seals(runtime_.loop);
    for (const SealedChunk& seal : order.chunks) {
        const std::shared_ptr<Replica> replica = find(seal.chunk);
        if (!replica) {
            reply.lost.push_back(seal.chunk);
            continue;
        }
        if (seal.version < replica->version()) {
            outcome =
                Error(Code::stale_map, fmt::format("chunk {} is at version {} already",
                                                   seal.chunk.number, replica->version().number));
            continue;
        }
        const std::shared_ptr<FileFence> fence = fence_of(seal.file);
        fence->epoch = std::max(fence->epoch, seal.epoch);
        seals.spawn(seal_replica(replica, seal.version, outcome));
    }
    co_await seals.join();
    co_return outcome ? done(encode(reply)) : failed(outcome.error());
}

Task<rpc::Response> ChunkService::admit_chunks(AdmitChunksOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    for (const auto& [chunk, version] : order.chunks) {
        const std::shared_ptr<Replica> replica = find(chunk);
        if (!replica || replica->state() != ReplicaState::complete)
            continue;
        replica->told(version, rules_);
        replica->admit();
    }
    co_return done();
}

Task<rpc::Response> ChunkService::sync_chunk(SyncChunkOrder order) {
    Result<void> obeyed = check_master(order.header);
    if (!obeyed)
        co_return failed(obeyed.error());
    const std::shared_ptr<Replica> replica = find(order.chunk);
    if (!replica)
        co_return failed(lost(order.chunk));
    Result<void> allowed = replica->check_source(order.version);
    if (!allowed)
        co_return failed(allowed.error());
    Result<void> flushed = co_await store_.flush();
    if (!flushed)
        co_return failed(flushed.error());
    co_return done();
}

}  // namespace cairn::chunk
