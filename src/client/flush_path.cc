// The way of a flush: every chunk written since its last flush is flushed on all its replicas, then
// the size is logged if it is news. A write that was to be durable (write_path.cc) leaves nothing
// to be flushed. Marks go off later, when a chunk has been idle (Client's housekeeping).
#include "client/client.h"
#include "client/open_file.h"
#include "client/operation.h"

namespace cairn::client {

Task<void> OpenFile::flush_chunk(uint64_t index, Result<void>& outcome) {
    const uint64_t covers = dirty_[index];
    Result<CachedMap> cached = co_await map_for_read(index);
    if (!cached) {
        outcome = cached.error();
        co_return;
    }
    // Writes that began but have no chunk yet have not completed: this flush does not cover them.
    if (cached->map.chunk.is_none())
        co_return;
    auto operation =
        std::make_shared<Operation>(cached->map, replicas_min_, rules_.flush_joiners, rules_);
    operation->index = index;
    operation->method = Method::flush_chunks;
    Result<void> done = co_await run_to_completion(operation);
    if (!done) {
        outcome = done;
        co_return;
    }
    const auto at = dirty_.find(index);
    if (at != dirty_.end() && at->second == covers)
        dirty_.erase(at);
}

// Those of [first_index, last_index].
Task<Result<void>> OpenFile::flush_chunks(uint64_t first_index, uint64_t last_index) {
    std::vector<uint64_t> indices;
    for (auto at = dirty_.lower_bound(first_index); at != dirty_.end() && at->first <= last_index;
         ++at)
        indices.push_back(at->first);
    Result<void> outcome;
    if (indices.size() == 1) {
        co_await flush_chunk(indices[0], outcome);
        co_return outcome;
    }
    Scope chunks(runtime_.loop);
    for (const uint64_t index : indices)
        chunks.spawn(flush_chunk(index, outcome));
    co_await chunks.join();
    co_return outcome;
}

Task<Result<void>> OpenFile::log_size(bool punched) {
    SetFileSizeRequest request;
    request.file = id();
    request.epoch = epoch_;
    request.size = node_.size;
    request.punched = punched;
    request.modified = node_.modified;
    auto reply = co_await client_.master().change<EmptyReply>(Method::set_file_size, request);
    if (!reply) {
        if (reply.code() == Code::lease_lost)
            lease_is_lost(reply.error().message());
        co_return reply.error();
    }
    co_return Result<void>();
}

Task<Result<void>> OpenFile::flush() {
    flush_habit_.flushed();
    return flush_range(0, UINT64_MAX);
}

Task<Result<void>> OpenFile::flush_range(uint64_t first_index, uint64_t last_index) {
    if (lost_)
        co_return lost_error();
    const uint64_t size_now = node_.size;
    CO_TRY(co_await flush_chunks(first_index, last_index));
    if (!size_logged_) {
        CO_TRY(co_await log_size(false));
        if (node_.size == size_now)
            size_logged_ = true;
    }
    co_return Result<void>();
}

// Chunks that were flushed and have been idle need not be compared if this client dies: their marks
// go off. A write that begins meanwhile waits, and marks its chunk again.
Task<void> OpenFile::unmark_idle_chunks(uint64_t idle_since_write) {
    if (lost_ || mode_ != LeaseMode::exclusive)
        co_return;
    ChunksFlushedRequest request;
    request.file = id();
    request.epoch = epoch_;
    std::vector<uint64_t> indices;
    for (auto& [index, cached] : maps_) {
        if (!cached.prepared || cached.unmarking || dirty_.contains(index) ||
            in_flight_.contains(index) || cached.last_write > idle_since_write)
            continue;
        cached.unmarking = true;
        indices.push_back(index);
        request.chunks.emplace_back(cached.map.chunk, cached.map.version);
    }
    if (indices.empty())
        co_return;
    auto reply =
        co_await client_.master().change<EmptyReply>(Method::chunks_flushed, std::move(request));
    for (const uint64_t index : indices) {
        const auto at = maps_.find(index);
        if (at == maps_.end())
            continue;
        at->second.unmarking = false;
        // Whether or not the mark went off, the next write asks for it again.
        at->second.prepared = false;
    }
    changed_.notify_all();
}

}  // namespace cairn::client
