// The way of a write: whole blocks (the edges are read and merged), cut at chunks and at 1 MiB,
// each part sent to every replica at once under a FanOut. A part ends when the FanOut is complete;
// what goes wrong meanwhile is told to the master, whose map says who must still answer.
#include <algorithm>
#include <cstring>
#include <fmt/core.h>

#include "base/checksum.h"
#include "client/client.h"
#include "client/open_file.h"
#include "client/operation.h"

namespace cairn::client {

namespace {

bool says_durable(const rpc::Reply& response) {
    const Result<WriteBlocksReply> reply = decode<WriteBlocksReply>(response.body.view());
    return reply && reply->durable;
}

// Whether the write may fail for `cs`, which is full: a comparison that began after `told` covers
// all that other replicas took until then. A joiner, which merely leaves, is no reason to fail.
bool is_being_made_equal(const ChunkMap& map, Version told, CsId cs) {
    return map.version > told && !map.equal &&
           std::any_of(map.pieces.begin(), map.pieces.end(), [cs](const Piece& piece) {
               return piece.cs == cs && piece.state == PieceState::in_sync;
           });
}

}  // namespace

Task<void> OpenFile::send_to(std::shared_ptr<OpenFile> file, std::shared_ptr<Operation> operation,
                             CsId cs, ChunkMap map) {
    Bytes body;
    Buffer payload;
    operation->encode(file->tag_of(map), body, payload);
    auto response = co_await file->client_.chunk_servers().call(
        cs, operation->method, std::move(body), std::move(payload), write_timeout, 0);
    if (response) {
        const bool durable = operation->asks_for_durable() && says_durable(*response);
        operation->fan_out.answered(cs, map.version, durable);
    } else {
        operation->fan_out.failed(cs, map.version);
        operation->failures.emplace_back(cs, response.error().code());
    }
    operation->in_flight--;
    file->changed_.notify_all();
}

// Tells the master of pieces that failed, or asks it for a newer map, and lets the operation go on
// under what it says.
Task<Result<void>> OpenFile::handle_failures(Operation& operation) {
    std::vector<std::pair<CsId, Code>> failures;
    failures.swap(operation.failures);
    bool ask_again = false;
    for (const auto& [cs, code] : failures) {
        const CachedMap& cached = maps_[operation.index];
        const bool member = std::any_of(cached.map.pieces.begin(), cached.map.pieces.end(),
                                        [id = cs](const Piece& piece) { return piece.cs == id; });
        if (!member)
            continue;
        const bool first_strike = operation.strike(cs) == 1;
        const bool may_be_back = code == Code::connection_lost || code == Code::unavailable ||
                                 code == Code::overloaded || code == Code::retry;
        if (code == Code::stale_map || (may_be_back && first_strike)) {
            ask_again = true;
            continue;
        }
        const ChunkMap map = cached.map;
        CO_TRY(co_await report_piece(operation.index, map, cs, code));
        if (code == Code::no_space && ++operation.times_full[cs] >= 2 &&
            (is_being_made_equal(maps_[operation.index].map, map.version, cs) ||
             !rules_.fail_made_equal))
            operation.full_at = cs;
    }
    if (ask_again)
        CO_TRY(co_await fetch_maps(operation.index, 1));
    const auto at = maps_.find(operation.index);
    if (at == maps_.end() || at->second.map.version == operation.fan_out.version()) {
        // The master knows nothing newer: the same replicas are asked again, in a while.
        co_await Sleep(runtime_.loop, operation.pause);
        operation.pause = std::min(operation.pause * 2, milliseconds(500));
    }
    operation.fan_out.retry_failed();
    co_return Result<void>();
}

// A replica is full and its set cannot do without it. Replicas that took the write are made equal
// to the full one by a comparison, so that the failed write has one outcome for ever.
Task<Result<void>> OpenFile::resolve_no_space(Operation& operation) {
    while (operation.in_flight > 0)
        co_await changed_.wait_until(runtime_.loop.now() + seconds(1));
    co_return Error(
        Code::no_space,
        fmt::format("chunk server {} is full, and too few replicas would remain without it",
                    operation.full_at.number));
}

Task<Result<void>> OpenFile::run_to_completion(std::shared_ptr<Operation> operation) {
    while (true) {
        CO_TRY(co_await wait_for_lease());
        auto at = maps_.find(operation->index);
        if (at == maps_.end() || !at->second.known()) {
            CO_TRY(co_await fetch_maps(operation->index, 1));
            continue;
        }
        if (at->second.map.gone)
            co_return gone_error(at->second.map);
        // 1. What the newest map says. A completed join raises no version, and counts all the same.
        if (at->second.position != operation->position) {
            operation->fan_out.take_map(at->second.map, replicas_min_);
            operation->position = at->second.position;
        }
        // 2. Send what has to be sent under it.
        for (const CsId cs : operation->fan_out.to_send()) {
            operation->in_flight++;
            client_.background().spawn(send_to(shared_from_this(), operation, cs, at->second.map));
        }
        // 3. Done, if everyone who counts has answered while the lease stood.
        if (operation->fan_out.complete() && lease_valid())
            co_return Result<void>();
        // 4. Otherwise find out why not, or wait for an answer.
        if (!operation->failures.empty()) {
            CO_TRY(co_await handle_failures(*operation));
            if (!operation->full_at.is_none())
                co_return co_await resolve_no_space(*operation);
        } else if (operation->fan_out.below_minimum()) {
            co_await Sleep(runtime_.loop, milliseconds(200));
            CO_TRY(co_await fetch_maps(operation->index, 1));
        } else {
            co_await changed_.wait_until(runtime_.loop.now() + seconds(1));
        }
    }
}

// `unflushed_before` is what dirty_ said of the chunk when the write began.
void OpenFile::part_ended(const Part& part, uint64_t unflushed_before, bool durable) {
    const auto at = dirty_.find(part.index);
    if (durable) {
        // It was a flush, too, of all that had ended when it began.
        if (at != dirty_.end() && at->second == unflushed_before)
            dirty_.erase(at);
        return;
    }
    // A flush that ran meanwhile may have come to a replica before this write did: it does not
    // cover it.
    if (rules_.flush_what_ended_last || part.until == WriteUntil::durable)
        maps_[part.index].last_write = dirty_[part.index] = ++write_count_;
}

Task<void> OpenFile::run_part(std::shared_ptr<Part> part, Result<void>& outcome) {
    const auto unflushed = dirty_.find(part->index);
    const uint64_t unflushed_before = unflushed == dirty_.end() ? 0 : unflushed->second;
    write_count_++;
    if (part->until == WriteUntil::held)
        dirty_[part->index] = write_count_;
    in_flight_[part->index]++;
    Result<CachedMap> cached = co_await map_for_write(part->index);
    if (!cached) {
        outcome = cached.error();
    } else {
        maps_[part->index].last_write = write_count_;
        if (part->kind == WriteKind::data && part->checksums.empty()) {
            for (uint32_t i = 0; i < part->block_count; i++)
                part->checksums.push_back(
                    block_checksum(cached->map.chunk, part->first_block + i,
                                   part->data.view().subspan(size_t{i} * block_size, block_size)));
        }
        auto operation = std::make_shared<Operation>(cached->map, replicas_min_, true, rules_);
        operation->index = part->index;
        operation->method = Method::write_blocks;
        operation->part = part;
        Result<void> done = co_await run_to_completion(operation);
        if (!done)
            outcome = done;
        part_ended(*part, unflushed_before, done.has_value() && operation->fan_out.durable());
    }
    if (--in_flight_[part->index] == 0)
        in_flight_.erase(part->index);
}

Task<Result<void>> OpenFile::write_parts(uint64_t offset, uint64_t length, WriteKind kind,
                                         Buffer blocks, WriteUntil until) {
    const uint64_t chunk_size = node_.storage.chunk_size;
    const uint64_t part_limit =
        kind == WriteKind::data ? uint64_t{max_blocks_per_request} * block_size : chunk_size;
    Result<void> outcome;
    Scope parts(runtime_.loop);
    uint64_t done = 0;
    while (done < length) {
        const uint64_t within = (offset + done) % chunk_size;
        const uint64_t part_length = std::min({length - done, chunk_size - within, part_limit});
        auto part = std::make_shared<Part>();
        part->index = (offset + done) / chunk_size;
        part->kind = kind;
        part->first_block = static_cast<uint32_t>(within / block_size);
        part->block_count = static_cast<uint32_t>(part_length / block_size);
        part->sequence = ++client_.write_sequence;
        part->until = until;
        if (kind == WriteKind::data)
            part->data = blocks.slice(done, part_length);
        done += part_length;
        // Zeros need not be written where nothing was ever allocated.
        if (kind != WriteKind::data) {
            Result<CachedMap> cached = co_await map_for_read(part->index);
            if (!cached) {
                outcome = cached.error();
                break;
            }
            if (cached->map.chunk.is_none())
                continue;
        }
        if (done == length && parts.running() == 0)
            co_await run_part(std::move(part), outcome);
        else
            parts.spawn(run_part(std::move(part), outcome));
    }
    co_await parts.join();
    co_return outcome;
}

Task<Result<void>> OpenFile::write_locked(uint64_t offset, Buffer data, WriteUntil until) {
    const uint64_t first = align_down(offset, block_size);
    const uint64_t length = data.size();
    const uint64_t end = align_up(offset + length, block_size);
    if (first == offset && end == offset + length)
        co_return co_await write_parts(offset, length, WriteKind::data, std::move(data), until);
    Buffer blocks = Buffer::allocate(end - first);
    const MutableByteView all = blocks.mutable_view();
    CO_TRY(co_await read_blocks(first, all.first(block_size)));
    if (end - first > block_size)
        CO_TRY(co_await read_blocks(end - block_size, all.last(block_size)));
    // What lies beyond the end of the file is not data, whatever the chunk holds.
    const uint64_t valid_end = std::min(node_.size, node_.zero_from);
    if (valid_end < end) {
        const uint64_t from = std::max(first, valid_end);
        std::memset(all.data() + (from - first), 0, end - from);
    }
    std::memcpy(all.data() + (offset - first), data.view().data(), data.size());
    co_return co_await write_parts(first, end - first, WriteKind::data, std::move(blocks), until);
}

Task<Result<void>> OpenFile::write(uint64_t offset, Buffer data, WriteUntil until) {
    if (!writable())
        co_return Error(Code::read_only, "the file is open for reading only");
    if (data.empty())
        co_return Result<void>();
    const uint64_t end = offset + data.size();
    if (end < offset || end > max_file_size)
        co_return Error(Code::too_large, "the file would be larger than 8 EiB");
    CO_TRY(co_await punch_after_truncation());
    const uint64_t first = align_down(offset, block_size);
    RangeLock::Hold hold(ranges_, first, align_up(end, block_size) - first, write_access());
    co_await hold.granted();
    // Where a flush will follow anyway, it is cheaper with the write than after it.
    WriteUntil asked = until;
    if (until == WriteUntil::held && flush_habit_.flush_follows())
        asked = WriteUntil::durable;
    CO_TRY(co_await write_locked(offset, std::move(data), asked));
    if (end > node_.size) {
        node_.size = end;
        size_logged_ = false;
    }
    node_.modified = runtime_.clock.wall_now();
    if (until == WriteUntil::durable) {
        const uint64_t chunk_size = node_.storage.chunk_size;
        co_return co_await flush_range(offset / chunk_size, (end - 1) / chunk_size);
    }
    co_return Result<void>();
}

Task<Result<void>> OpenFile::zero_locked(uint64_t offset, uint64_t length, bool punch) {
    const uint64_t end = offset + length;
    const uint64_t whole_first = align_up(offset, block_size);
    const uint64_t whole_end = align_down(end, block_size);
    if (whole_first >= whole_end) {
        // Within one block, or over one border: as data.
        co_return co_await write_locked(offset, Buffer::zeroed(length), WriteUntil::held);
    }
    if (offset < whole_first)
        CO_TRY(
            co_await write_locked(offset, Buffer::zeroed(whole_first - offset), WriteUntil::held));
    if (whole_end < end)
        CO_TRY(co_await write_locked(whole_end, Buffer::zeroed(end - whole_end), WriteUntil::held));
    co_return co_await write_parts(whole_first, whole_end - whole_first,
                                   punch ? WriteKind::punch : WriteKind::zeros, Buffer(),
                                   WriteUntil::held);
}

Task<Result<void>> OpenFile::write_zeros(uint64_t offset, uint64_t length, bool punch) {
    if (!writable())
        co_return Error(Code::read_only, "the file is open for reading only");
    if (length == 0)
        co_return Result<void>();
    const uint64_t end = offset + length;
    if (end < offset || end > max_file_size)
        co_return Error(Code::too_large, "the file would be larger than 8 EiB");
    CO_TRY(co_await punch_after_truncation());
    const uint64_t first = align_down(offset, block_size);
    RangeLock::Hold hold(ranges_, first, align_up(end, block_size) - first, write_access());
    co_await hold.granted();
    CO_TRY(co_await zero_locked(offset, length, punch && client_.trims_free_space()));
    if (end > node_.size) {
        node_.size = end;
        size_logged_ = false;
    }
    co_return Result<void>();
}

// A truncation left data behind the file's end: it goes before anything may be written, and the log
// is told. Its space is freed whatever is set for trims.
Task<Result<void>> OpenFile::punch_after_truncation() {
    if (node_.zero_from == UINT64_MAX)
        co_return Result<void>();
    RangeLock::Hold hold(ranges_, 0, max_file_size, write_access());
    co_await hold.granted();
    const uint64_t from = node_.zero_from;
    if (from == UINT64_MAX)
        co_return Result<void>();
    const uint64_t chunk_end = align_up(from, node_.storage.chunk_size);
    if (chunk_end > from)
        CO_TRY(co_await zero_locked(from, chunk_end - from, true));
    CO_TRY(co_await flush_chunks(0, UINT64_MAX));
    CO_TRY(co_await log_size(true));
    node_.zero_from = UINT64_MAX;
    co_return Result<void>();
}

}  // namespace cairn::client
