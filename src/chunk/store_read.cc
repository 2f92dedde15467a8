// The way of a read: planned from pending and base in one step, read, verified; what met a write in
// place is read again behind the gate. Also what reads tables only.
#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "chunk/aligned.h"
#include "chunk/place_gate.h"
#include "chunk/store.h"
#include "chunk/store_core.h"
#include "journal/direct_io.h"

namespace cairn::chunk {

using Source = StoreCore::Source;

// What each block of a read is, as of one moment.
struct ChunkStore::ReadPlan {
    struct Block {
        Source source = Source::hole;
        uint64_t checksum = 0;  // of pending, base
        uint32_t slot = 0;      // of base
    };
    std::vector<Block> blocks;
    std::vector<std::pair<uint32_t, Buffer>> pending;  // by index in `blocks`
    std::vector<BadBlock> bad;
    uint32_t base_begin = UINT32_MAX;  // the part that has to be read, by index
    uint32_t base_end = 0;
    uint64_t sequence = 0;  // of the newest journal group that it shows
    bool verify = true;
};

// False if a table page has to be loaded first.
Result<bool> ChunkStore::plan_read(const ChunkEntry& chunk, Range range, ReadPlan& plan) {
    if (chunk.removed)
        return Error(Code::replica_lost, "the chunk was removed");
    const bool verify = plan.verify;
    plan = {};
    plan.verify = verify;
    plan.blocks.resize(range.count);
    for (uint32_t i = 0; i < range.count; i++) {
        const StoreCore::BlockView view = core_->look(chunk, range.first + i);
        if (view.source == Source::not_loaded)
            return false;
        plan.blocks[i] = {view.source, view.checksum, view.slot};
        plan.sequence = std::max(plan.sequence, view.sequence);
        if (view.source == Source::lost) {
            plan.bad.push_back({.block = range.first + i, .checksum = std::nullopt});
        } else if (view.source == Source::pending) {
            plan.pending.emplace_back(i, view.pending->data);
        } else if (view.source == Source::base) {
            plan.base_begin = std::min(plan.base_begin, i);
            plan.base_end = i + 1;
        }
    }
    return true;
}

Task<Result<ChunkRead>> ChunkStore::read(ChunkId id, uint32_t first_block, uint32_t count,
                                         std::vector<BadBlock>& bad) {
    const Range range{first_block, count};
    Result<ChunkRef> found = chunk_in_range(id, range);
    if (!found)
        co_return found.error();
    const ChunkRef& chunk = *found;
    const Operation operation(*this);
    ReadPlan plan;
    plan.verify = core_->verifies();
    while (true) {
        Result<bool> planned = plan_read(*chunk, range, plan);
        if (!planned)
            co_return planned.error();
        if (*planned)
            break;
        CO_TRY(co_await core_->load_pages(chunk, first_block, count));
    }
    ChunkRead result;
    if (plan.bad.empty() && plan.base_end != 0) {
        result.data = Buffer::allocate(size_t{count} * block_size);
        CO_TRY(co_await read_base(chunk, range, plan, result.data));
    }
    // What only this process knows may not be shown: a kill would take it back.
    if (core_->options.rules.hold_before_read)
        CO_TRY(core_->checked(co_await core_->journal->wait_held(plan.sequence)));
    if (!plan.bad.empty()) {
        counters_.bad_blocks += plan.bad.size();
        bad = std::move(plan.bad);
        co_return Error(Code::corrupt, "blocks of the chunk are not what was written");
    }
    finish_read(id, range, plan, result);
    counters_.read_operations++;
    counters_.read_bytes += result.data.size();
    co_return result;
}

// All of base that the plan needs, and what lies in between: one transfer for what lies together.
Task<Result<void>> ChunkStore::read_places(File& file, ChunkGeometry geometry, Range range,
                                           const ReadPlan& plan, Buffer& data) {
    const auto offset_of = [&](uint32_t i) {
        return geometry.data_offset(plan.blocks[i].slot, range.first + i);
    };
    for (uint32_t begin = plan.base_begin; begin < plan.base_end;) {
        uint32_t end = begin + 1;
        while (end < plan.base_end &&
               offset_of(end) == offset_of(begin) + uint64_t{end - begin} * block_size)
            end++;
        const MutableByteView into = data.mutable_view().subspan(size_t{begin} * block_size,
                                                                 size_t{end - begin} * block_size);
        CO_TRY(co_await journal::read_blocks(file, offset_of(begin), into));
        begin = end;
    }
    co_return Result<void>();
}

Task<Result<void>> ChunkStore::read_base(ChunkRef chunk, Range range, ReadPlan& plan,
                                         Buffer& data) {
    const uint32_t generation = chunk->generation;
    const bool met_writer = chunk->writers_in_place != 0;
    Result<std::shared_ptr<File>> file = co_await core_->file_of(chunk);
    if (!file)
        co_return file.error();
    Result<void> read = co_await read_places(**file, chunk->geometry(), range, plan, data);
    if (chunk->removed)
        co_return Error(Code::replica_lost, "the chunk was removed");
    const bool disturbed =
        core_->options.rules.wait_for_readers && (met_writer || chunk->generation != generation);
    const bool verify = plan.verify;
    for (uint32_t i = plan.base_begin; i < plan.base_end; i++) {
        if (plan.blocks[i].source != Source::base)
            continue;
        const uint32_t block = range.first + i;
        const ByteView content = data.view().subspan(size_t{i} * block_size, block_size);
        const bool good =
            read && (verify ? block_checksum(chunk->id, block, content) == plan.blocks[i].checksum
                            : !disturbed);
        if (!good)
            CO_TRY(co_await read_again(chunk, block, plan, i, data));
    }
    co_return Result<void>();
}

// One block, with no write in place of its chunk under way: what is wrong now is wrong on the disk.
Task<Result<void>> ChunkStore::read_again(ChunkRef chunk, uint32_t block, ReadPlan& plan,
                                          uint32_t at, Buffer& data) {
    co_await enter_exclusive_reader(*core_, chunk);
    Result<void> outcome = co_await read_alone(chunk, block, plan, at, data);
    leave_exclusive_reader(*core_, *chunk);
    co_return outcome;
}

Task<Result<void>> ChunkStore::read_alone(ChunkRef chunk, uint32_t block, ReadPlan& plan,
                                          uint32_t at, Buffer& data) {
    ReadPlan now;
    while (true) {
        Result<bool> planned = plan_read(*chunk, {block, 1}, now);
        if (!planned)
            co_return planned.error();
        if (*planned)
            break;
        CO_TRY(co_await core_->load_pages(chunk, block, 1));
    }
    plan.blocks[at] = now.blocks[0];
    plan.sequence = std::max(plan.sequence, now.sequence);
    if (!now.pending.empty())
        plan.pending.emplace_back(at, now.pending[0].second);
    plan.bad.insert(plan.bad.end(), now.bad.begin(), now.bad.end());
    if (now.blocks[0].source != Source::base)
        co_return Result<void>();
    Result<std::shared_ptr<File>> file = co_await core_->file_of(chunk);
    if (!file)
        co_return file.error();
    const MutableByteView into = data.mutable_view().subspan(size_t{at} * block_size, block_size);
    Result<void> read = co_await journal::read_blocks(
        **file, chunk->geometry().data_offset(now.blocks[0].slot, block), into);
    if (chunk->removed)
        co_return Error(Code::replica_lost, "the chunk was removed");
    const uint64_t expected = now.blocks[0].checksum;
    const bool good = read && (!plan.verify || block_checksum(chunk->id, block, into) == expected);
    if (!good)
        plan.bad.push_back({.block = block, .checksum = expected});
    co_return Result<void>();
}

Task<Result<uint32_t>> ChunkStore::verify_blocks(ChunkRef chunk, Range range,
                                                 std::vector<BadBlock>& bad) {
    ReadPlan plan;
    while (true) {
        Result<bool> planned = plan_read(*chunk, range, plan);
        if (!planned)
            co_return planned.error();
        if (*planned)
            break;
        CO_TRY(co_await core_->load_pages(chunk, range.first, range.count));
    }
    uint32_t blocks_read = 0;
    if (plan.base_end != 0) {
        blocks_read = plan.base_end - plan.base_begin;
        Buffer data = Buffer::allocate(size_t{range.count} * block_size);
        CO_TRY(co_await read_base(chunk, range, plan, data));
    }
    counters_.bad_blocks += plan.bad.size();
    bad.insert(bad.end(), plan.bad.begin(), plan.bad.end());
    co_return blocks_read;
}

void ChunkStore::finish_read(ChunkId chunk, Range range, const ReadPlan& plan, ChunkRead& result) {
    if (range.count == 1 && plan.blocks[0].source == Source::pending) {
        result.data = plan.pending.back().second;
        result.checksums.push_back(plan.blocks[0].checksum);
        return;
    }
    if (result.data.empty())
        result.data = Buffer::allocate(size_t{range.count} * block_size);
    for (const auto& [i, content] : plan.pending)
        std::memcpy(result.data.mutable_view().data() + size_t{i} * block_size,
                    content.view().data(), block_size);
    result.checksums.resize(range.count);
    for (uint32_t i = 0; i < range.count; i++) {
        const ReadPlan::Block& block = plan.blocks[i];
        result.checksums[i] = block.checksum;
        if (block.source != Source::hole && block.source != Source::zeros)
            continue;
        std::memset(result.data.mutable_view().data() + size_t{i} * block_size, 0, block_size);
        result.checksums[i] = zero_block_checksum(chunk, range.first + i);
        auto& runs = result.zero_runs;
        if (!runs.empty() && runs.back().first + runs.back().second == i)
            runs.back().second++;
        else
            runs.emplace_back(i, 1);
    }
}

Task<Result<std::vector<BlockSum>>> ChunkStore::table(ChunkId id, uint32_t first_block,
                                                      uint32_t count) {
    Result<ChunkRef> found = chunk_in_range(id, {first_block, count});
    if (!found)
        co_return found.error();
    const ChunkRef& chunk = *found;
    const Operation operation(*this);
    std::vector<BlockSum> sums;
    sums.reserve(count);
    uint64_t sequence = 0;
    while (sums.size() < count) {
        if (chunk->removed)
            co_return Error(Code::replica_lost, "the chunk was removed");
        const auto block = static_cast<uint32_t>(first_block + sums.size());
        const StoreCore::BlockView view = core_->look(*chunk, block);
        if (view.source == Source::not_loaded) {
            CO_TRY(co_await core_->load_pages(chunk, block, 1));
            continue;
        }
        sequence = std::max(sequence, view.sequence);
        if (view.source == Source::lost)
            sums.push_back({.checksum = 0, .lost = true});
        else if (view.source == Source::pending || view.source == Source::base)
            sums.push_back({.checksum = view.checksum});
        else
            sums.push_back({.checksum = zero_block_checksum(id, block)});
        // A page of holes takes 60 us: others go in between.
        if (sums.size() % entries_per_page == 0)
            co_await Yield(core_->runtime.loop);
    }
    CO_TRY(core_->checked(co_await core_->journal->wait_held(sequence)));
    co_return sums;
}

Task<Result<std::vector<uint64_t>>> ChunkStore::page_digests(ChunkId id) {
    const ChunkRef chunk = core_->find(id);
    if (chunk == nullptr)
        co_return Error(Code::replica_lost, "the chunk is not here");
    std::vector<uint64_t> digests;
    const uint32_t blocks = chunk->geometry().block_count();
    for (uint32_t first = 0; first < blocks; first += entries_per_page) {
        const uint32_t count = std::min(entries_per_page, blocks - first);
        Result<std::vector<BlockSum>> sums = co_await table(id, first, count);
        if (!sums)
            co_return sums.error();
        uint64_t digest = 0;
        for (const BlockSum& sum : *sums) {
            if (sum.lost)
                co_return Error(Code::corrupt, "a part of the chunk's table is lost");
            digest = checksum(std::as_bytes(std::span(&sum.checksum, 1)), digest);
        }
        digests.push_back(digest);
    }
    co_return digests;
}

Task<Result<uint64_t>> ChunkStore::digest(ChunkId id) {
    Result<std::vector<uint64_t>> pages = co_await page_digests(id);
    if (!pages)
        co_return pages.error();
    co_return checksum(std::as_bytes(std::span(*pages)));
}

Task<Result<void>> ChunkStore::restore_block(ChunkId id, uint32_t block, Buffer content) {
    if (content.size() != block_size)
        co_return Error(Code::invalid_argument, "a block has 4 KiB");
    const uint64_t sum = block_checksum(id, block, content.view());
    Result<std::vector<BlockSum>> table_now = co_await table(id, block, 1);
    if (!table_now)
        co_return table_now.error();
    if (table_now->front().lost)
        co_return Error(Code::not_found, "nobody knows here what the block should hold: write it");
    if (table_now->front().checksum != sum)
        co_return Error(Code::corrupt, "this is not what the block should hold");
    co_return co_await put_right(id, block, std::move(content), WriteIf::content_is_the_same);
}

Task<Result<void>> ChunkStore::fill_lost_block(ChunkId id, uint32_t block, Buffer content) {
    if (content.size() != block_size)
        co_return Error(Code::invalid_argument, "a block has 4 KiB");
    Result<ChunkRef> found = chunk_in_range(id, {block, 1});
    if (!found)
        co_return found.error();
    co_return co_await put_right(id, block, std::move(content), WriteIf::content_is_lost);
}

Task<Result<void>> ChunkStore::put_right(ChunkId id, uint32_t block, Buffer content,
                                         WriteIf write_if) {
    const uint64_t sum = block_checksum(id, block, content.view());
    ChunkWrite write{.tag = {.chunk = id, .version = {}, .file = {}, .epoch = {}},
                     .first_block = block,
                     .data = std::move(content),
                     .checksums = {sum}};
    CO_TRY(core_->check_running());
    const Operation operation(*this);
    const Range whole{block, 1};
    if (const ChunkRef chunk = core_->find(id))
        co_await core_->claims.wait(chunk, block, 1);
    Result<uint64_t> appended =
        co_await write_piece(write, whole, aligned_for_disk(write.data), write_if);
    if (!appended)
        co_return appended.error();
    co_return core_->checked(co_await core_->journal->wait_held(*appended));
}

}  // namespace cairn::chunk
