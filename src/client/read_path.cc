// The way of a read: whole blocks, chunk by chunk, from one replica in sync; a replica that fails
// is passed over for the next, and beside one that is late another is asked. What is delivered is
// what was written: the checksum that the writer computed is checked here once more.
#include <algorithm>
#include <cstring>
#include <fmt/core.h>

#include "client/client.h"
#include "client/open_file.h"
#include "client/read_reply.h"

namespace cairn::client {

namespace {

// Of a chunk that is read from one server rather than another: a few pages of its table.
constexpr uint32_t blocks_per_place = 1024;

}  // namespace

std::vector<CsId> OpenFile::read_order(const ChunkMap& map, uint32_t first_block) const {
    std::vector<CsId> order;
    for (const Piece& piece : map.pieces) {
        if (piece.state == PieceState::in_sync)
            order.push_back(piece.cs);
    }
    client_.chunk_servers().sort_by_nearness(order,
                                             map.chunk.number + first_block / blocks_per_place);
    if (rules_.hedge_reads) {
        const Instant now = runtime_.loop.now();
        std::vector<CsId> slow;
        std::erase_if(order, [&](CsId cs) {
            const bool passed_over = client_.read_latency().is_slow(cs, now);
            if (passed_over)
                slow.push_back(cs);
            return passed_over;
        });
        order.insert(order.end(), slow.begin(), slow.end());
    }
    return order;
}

Result<void> OpenFile::judge(const ChunkMap& map, const Result<rpc::Reply>& answer,
                             uint32_t first_block, MutableByteView into) {
    if (!answer)
        return answer.error();
    Result<ReadBlocksReply> reply = decode<ReadBlocksReply>(answer->body.view());
    if (!reply)
        return reply.error();
    return place_blocks(map.chunk, first_block, *reply, answer->payload.view(), into);
}

// The next of `order`, beside those that have not answered yet.
void OpenFile::ask_next(const std::shared_ptr<ReadRace>& race, const ChunkMap& map,
                        const std::vector<CsId>& order, uint32_t first_block, uint64_t bytes) {
    const size_t number = race->attempts.size();
    ReadBlocksRequest request;
    request.tag = tag_of(map);
    request.first_block = first_block;
    request.block_count = static_cast<uint32_t>(bytes / block_size);
    race->attempts.emplace_back().cs = order[number];
    client_.background().spawn(
        run_attempt(client_, race, number, encode(request), static_cast<uint32_t>(bytes)));
}

void OpenFile::hedge(const std::shared_ptr<ReadRace>& race, const ChunkMap& map,
                     const std::vector<CsId>& order, uint32_t first_block, uint64_t bytes) {
    for (ReadRace::Attempt& attempt : race->attempts) {
        if (!attempt.outcome && !attempt.late) {
            attempt.late = true;
            client_.read_latency().late(attempt.cs, runtime_.loop.now());
        }
    }
    ask_next(race, map, order, first_block, bytes);
}

// From the replicas of `order`, one after the other, and two at once where one is late. Every one
// of them may answer: each is in sync by this map, each refuses an older one, and the range is held
// against writes of this client until one answer was chosen.
Task<OpenFile::ReadOutcome> OpenFile::read_any(ChunkMap map, std::vector<CsId> order,
                                               uint32_t first_block, MutableByteView into) {
    const auto race = std::make_shared<ReadRace>(runtime_.loop);
    race->attempts.reserve(order.size());
    ReadLatency& latency = client_.read_latency();
    ReadOutcome outcome;
    latency.began();
    Instant late_at;
    while (outcome.kind == ReadOutcome::Kind::failed) {
        const bool more = race->attempts.size() < order.size();
        if (race->running() == 0 && !more)
            break;
        if (race->running() == 0) {
            ask_next(race, map, order, first_block, into.size());
            late_at = Instant();
        }
        const bool may_be_late = rules_.hedge_reads && race->attempts.size() < order.size();
        if (may_be_late && late_at == Instant())
            late_at =
                runtime_.loop.now() + latency.patience(order[race->attempts.size()], into.size());
        const bool told =
            co_await race->changed.wait_until(may_be_late ? late_at : Instant::never());
        if (!told && may_be_late && race->fresh() == nullptr) {
            // Where too many are late at once, this one waits for its turn.
            if (latency.may_hedge())
                hedge(race, map, order, first_block, into.size());
            late_at = Instant();
        }
        while (ReadRace::Attempt* attempt = race->fresh()) {
            attempt->judged = true;
            Result<void> done = judge(map, *attempt->outcome, first_block, into);
            attempt->outcome = Result<rpc::Reply>(Error(Code::cancelled, ""));
            outcome.take(done, lease_valid());
            if (outcome.kind != ReadOutcome::Kind::failed)
                break;
        }
        if (lost_)
            break;
    }
    race->decided = true;
    co_return outcome;
}

void OpenFile::ReadOutcome::take(const Result<void>& done, bool lease_stands) {
    if (done && lease_stands)
        kind = Kind::read;
    else if (!done && done.code() == Code::stale_map)
        kind = Kind::stale;
    if (done || done.code() != Code::corrupt)
        all_bad = false;
}

Task<Result<void>> OpenFile::read_part(uint64_t index, uint32_t first_block, MutableByteView into) {
    Duration pause = milliseconds(5);
    uint32_t rounds_all_bad = 0;
    while (true) {
        CO_TRY(co_await wait_for_lease());
        Result<CachedMap> cached = co_await map_for_read(index);
        if (!cached)
            co_return cached.error();
        const ChunkMap& map = cached->map;
        if (map.chunk.is_none()) {
            std::memset(into.data(), 0, into.size());
            co_return Result<void>();
        }
        if (map.gone)
            co_return gone_error(map);
        bool all_bad = true;
        if (map.equal || !rules_.read_only_equal) {
            const std::vector<CsId> order = read_order(map, first_block);
            const ReadOutcome outcome = co_await read_any(map, order, first_block, into);
            if (outcome.kind == ReadOutcome::Kind::read)
                co_return Result<void>();
            if (lost_)
                co_return lost_error();
            all_bad = outcome.all_bad && !order.empty();
            // Each replica may be bad in another place: all that is good somewhere is to be had.
            if (all_bad && into.size() > block_size)
                co_return co_await read_halves(index, first_block, into);
            // Every replica holds a bad block: give the cluster time to restore it, then say so.
            rounds_all_bad = all_bad ? rounds_all_bad + 1 : 0;
            if (rounds_all_bad > 5)
                co_return Error(
                    Code::corrupt,
                    fmt::format("no replica of chunk {} holds a valid copy of its block {}",
                                map.chunk.number, first_block));
        }
        co_await Sleep(runtime_.loop, pause);
        pause = std::min(pause * 2, milliseconds(500));
        Result<void> fetched = co_await fetch_maps(index, 1);
        if (!fetched && lost_)
            co_return fetched.error();
    }
}

Task<Result<void>> OpenFile::read_halves(uint64_t index, uint32_t first_block,
                                         MutableByteView into) {
    const uint64_t half = align_up(into.size() / 2, block_size);
    CO_TRY(co_await read_part(index, first_block, into.first(half)));
    co_return co_await read_part(index, first_block + static_cast<uint32_t>(half / block_size),
                                 into.subspan(half));
}

Task<void> OpenFile::read_part_into(uint64_t index, uint32_t first_block, MutableByteView into,
                                    Result<void>& outcome) {
    Result<void> done = co_await read_part(index, first_block, into);
    if (!done)
        outcome = done;
}

Task<Result<void>> OpenFile::read_blocks(uint64_t offset, MutableByteView into) {
    const uint64_t chunk_size = node_.storage.chunk_size;
    Result<void> outcome;
    Scope parts(runtime_.loop);
    while (!into.empty()) {
        const uint64_t within = offset % chunk_size;
        const uint64_t length = std::min(
            {into.size(), chunk_size - within, uint64_t{max_blocks_per_request} * block_size});
        const uint64_t index = offset / chunk_size;
        const auto first_block = static_cast<uint32_t>(within / block_size);
        if (length == into.size() && parts.running() == 0)
            co_return co_await read_part(index, first_block, into);
        parts.spawn(read_part_into(index, first_block, into.first(length), outcome));
        offset += length;
        into = into.subspan(length);
    }
    co_await parts.join();
    co_return outcome;
}

Task<Result<Buffer>> OpenFile::read(uint64_t offset, uint64_t length) {
    if (length == 0)
        co_return Buffer();
    const uint64_t first = align_down(offset, block_size);
    const uint64_t end = align_up(offset + length, block_size);
    Buffer blocks = Buffer::allocate(end - first);
    {
        RangeLock::Hold hold(ranges_, first, end - first, Access::shared);
        co_await hold.granted();
        CO_TRY(co_await read_blocks(first, blocks.mutable_view()));
        const uint64_t valid_end = std::min(node_.size, node_.zero_from);
        if (end > valid_end) {
            const uint64_t zeros_at = std::max(first, valid_end);
            std::memset(blocks.mutable_view().data() + (zeros_at - first), 0, end - zeros_at);
        }
    }
    co_return blocks.slice(offset - first, length);
}

}  // namespace cairn::client
