// The chunk maps of an open file: fetched on a miss, ended with the lease, never replaced by an
// older view.
#include <algorithm>
#include <fmt/core.h>

#include "client/client.h"
#include "client/open_file.h"

namespace cairn::client {

ChunkTag OpenFile::tag_of(const ChunkMap& map) const {
    return {id(), map.chunk, map.version, epoch_};
}

Error OpenFile::gone_error(const ChunkMap& map) {
    return {Code::io_error,
            fmt::format("chunk {} was lost: chunk server {}, which held its last replica, was "
                        "removed by force; delete the file, or truncate it, and restore it",
                        map.chunk.number, map.pieces.empty() ? 0 : map.pieces.front().cs.number)};
}

Result<void> OpenFile::take_maps(const ChunkMapReply& reply) {
    if (reply.header.position < seen_ && rules_.refuse_older_views)
        return Error(Code::retry, "the answer shows an older view than one seen before");
    if (reply.epoch != epoch_) {
        if (mode_ == LeaseMode::exclusive) {
            lease_is_lost("another lease was given since");
            return lost_error();
        }
        epoch_ = reply.epoch;
    }
    seen_ = std::max(seen_, reply.header.position);
    replicas_min_ = reply.replicas_min;
    client_.chunk_servers().learn(reply.servers);
    for (const ChunkMap& map : reply.chunks) {
        CachedMap& cached = maps_[map.index];
        if (cached.map.chunk == map.chunk && cached.map.version > map.version &&
            rules_.refuse_older_views)
            continue;
        if (cached.map.chunk != map.chunk)
            cached.prepared = false;
        cached.map = map;
        cached.position = reply.header.position;
    }
    changed_.notify_all();
    return {};
}

Task<Result<void>> OpenFile::fetch_maps(uint64_t first_index, uint32_t count) {
    GetChunkMapRequest request;
    request.client = client_.id();
    request.instance = client_.instance();
    request.file = id();
    request.first_index = first_index;
    request.count = count;
    while (true) {
        CO_TRY(co_await wait_for_lease());
        auto reply = co_await client_.master().call<ChunkMapReply>(Method::get_chunk_map, request);
        if (!reply) {
            if (reply.code() == Code::lease_lost)
                lease_is_lost(reply.error().message());
            co_return reply.error();
        }
        if (std::ranges::find(reply->chunks, first_index, &ChunkMap::index) == reply->chunks.end())
            co_return Error(Code::corrupt,
                            "the master's answer lacks the chunk that was asked for");
        Result<void> taken = take_maps(*reply);
        if (taken || taken.code() != Code::retry)
            co_return taken;
        co_await Sleep(runtime_.loop, milliseconds(10));
    }
}

// One answer to a question that was asked after several began does for all of them.
Task<Result<void>> OpenFile::confirm_hole(uint64_t index) {
    const uint64_t wanted = confirmations_begun_ + 1;
    while (confirmations_done_ < wanted) {
        if (confirming_) {
            co_await changed_.wait_until(runtime_.loop.now() + seconds(1));
            continue;
        }
        confirming_ = true;
        const uint64_t round = ++confirmations_begun_;
        Result<void> fetched = co_await fetch_maps(index, 1);
        confirming_ = false;
        changed_.notify_all();
        if (!fetched)
            co_return fetched;
        confirmations_done_ = round;
    }
    co_return Result<void>();
}

Task<Result<CachedMap>> OpenFile::map_for_read(uint64_t index) {
    while (true) {
        auto at = maps_.find(index);
        if (at == maps_.end() || !at->second.known()) {
            CO_TRY(co_await fetch_maps(index, maps_per_fetch));
        } else if (at->second.map.chunk.is_none() && rules_.confirm_holes) {
            CO_TRY(co_await confirm_hole(index));
        } else {
            co_return at->second;
        }
        at = maps_.find(index);
        // Else the maps ended with their lease before this task's turn came.
        if (at != maps_.end() && at->second.known())
            co_return at->second;
    }
}

Task<Result<void>> OpenFile::prepare_chunk(uint64_t index) {
    PrepareChunksRequest request;
    request.file = id();
    request.epoch = epoch_;
    request.indices = {index};
    auto reply =
        co_await client_.master().change<ChunkMapReply>(Method::prepare_chunks, std::move(request));
    if (!reply) {
        if (reply.code() == Code::lease_lost)
            lease_is_lost(reply.error().message());
        co_return reply.error();
    }
    Result<void> taken = take_maps(*reply);
    if (!taken && taken.code() != Code::retry)
        co_return taken.error();
    // Marked by the log, even if the map that came along was old by the time it arrived.
    maps_[index].prepared = true;
    if (!taken)
        co_return co_await fetch_maps(index, 1);
    co_return Result<void>();
}

Task<Result<CachedMap>> OpenFile::map_for_write(uint64_t index) {
    while (true) {
        CO_TRY(co_await wait_for_lease());
        const auto at = maps_.find(index);
        if (at != maps_.end() && (at->second.unmarking || at->second.preparing)) {
            co_await changed_.wait_until(runtime_.loop.now() + seconds(1));
            continue;
        }
        if (at != maps_.end() && !at->second.map.chunk.is_none() &&
            (at->second.prepared || !rules_.mark_before_write))
            co_return at->second;
        maps_[index].preparing = true;
        Result<void> prepared = co_await prepare_chunk(index);
        maps_[index].preparing = false;
        changed_.notify_all();
        if (!prepared)
            co_return prepared.error();
    }
}

Task<Result<void>> OpenFile::report_piece(uint64_t index, const ChunkMap& map, CsId cs, Code code) {
    ReportReplicaRequest request;
    request.client = client_.id();
    request.instance = client_.instance();
    request.file = id();
    request.epoch = epoch_;
    request.chunk = map.chunk;
    request.version = map.version;
    request.cs = cs;
    request.code = static_cast<uint16_t>(code);
    auto reply = co_await client_.master().call<ChunkMapReply>(Method::report_replica, request);
    if (!reply) {
        if (reply.code() == Code::lease_lost)
            lease_is_lost(reply.error().message());
        co_return reply.error();
    }
    Result<void> taken = take_maps(*reply);
    if (!taken && taken.code() == Code::retry)
        co_return co_await fetch_maps(index, 1);
    co_return taken;
}

}  // namespace cairn::client
