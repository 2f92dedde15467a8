// A client says that a replica did not do what its set must do.
#include <fmt/core.h>

#include "meta/requests/handlers.h"
#include "wire/log_chunks.h"

namespace cairn::meta {

namespace {

Result<Bytes> map_of_chunk(Master& master, FileId file, ChunkId id) {
    const Chunk* chunk = master.catalogue().chunk(id);
    if (chunk == nullptr || chunk->file != file)
        return Error(Code::not_found,
                     fmt::format("file {} has no chunk {}", file.number, id.number));
    Result<ChunkMapReply> maps = master.catalogue().chunk_maps(file, chunk->index, 1);
    if (!maps)
        return maps.error();
    return reply_with(master, std::move(*maps));
}

}  // namespace

Task<Result<Bytes>> report_replica(Master& master, ReportReplicaRequest request) {
    CO_TRY(co_await master.consensus.confirm_master());
    CO_TRY(check_lease(master, request.file, request.client, request.instance));
    const Chunk* chunk = master.catalogue().chunk(request.chunk);
    if (chunk == nullptr || chunk->version != request.version)
        co_return map_of_chunk(master, request.file, request.chunk);
    const auto code = static_cast<Code>(request.code);
    logged::LeaveReplicas leave;
    leave.lost = code == Code::replica_lost;
    leave.replicas = {{request.chunk, request.version, request.cs}};
    Result<Answer> answer = co_await master.leaving.propose(std::move(leave));
    if (!answer)
        co_return answer.error();
    Result<logged::LeaveReplicasAnswer> left = answer->as<logged::LeaveReplicasAnswer>();
    if (!left)
        co_return left.error();
    const bool stays = !left->codes.empty() && static_cast<Code>(left->codes[0]) == Code::blocked;
    if (stays && code == Code::no_space) {
        // The write fails, and whoever took it must forget it: all are made equal to the one that
        // is full.
        master.comparisons.prefer_source(request.chunk, request.cs);
        logged::RestartComparisons restart;
        restart.chunks = {{request.chunk, request.version}};
        Result<Answer> restarted = co_await master.propose(std::move(restart));
        if (!restarted)
            co_return restarted.error();
    }
    co_return map_of_chunk(master, request.file, request.chunk);
}

}  // namespace cairn::meta
