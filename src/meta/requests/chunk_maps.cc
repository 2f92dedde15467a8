// Requests on chunk maps by the holder of a lease.
#include "meta/requests/handlers.h"
#include "wire/log_chunks.h"

namespace cairn::meta {

Task<Result<Bytes>> get_chunk_map(Master& master, GetChunkMapRequest request) {
    CO_TRY(co_await master.consensus.confirm_master());
    CO_TRY(check_lease(master, request.file, request.client, request.instance));
    Result<ChunkMapReply> maps = master.catalogue().chunk_maps(
        request.file, request.first_index, std::min(request.count, max_maps_per_request));
    if (!maps)
        co_return maps.error();
    co_return reply_with(master, std::move(*maps));
}

Task<Result<Bytes>> chunks_flushed(Master& master, ChunksFlushedRequest request) {
    logged::UnmarkChunks operation;
    operation.file = request.file;
    operation.client = request.request.client;
    operation.instance = request.request.instance;
    operation.epoch = request.epoch;
    operation.chunks = request.chunks;
    co_return empty_reply(master, co_await master.propose(std::move(operation), request.request));
}

}  // namespace cairn::meta
