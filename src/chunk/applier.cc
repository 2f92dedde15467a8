#include "chunk/applier.h"

#include <algorithm>
#include <array>

#include "chunk/for_each.h"
#include "chunk/place_gate.h"
#include "journal/direct_io.h"

namespace cairn::chunk {

namespace {

// While there is room for writers all the same, so that they seldom wait for it.
constexpr uint64_t pending_high_divisor = 2;
constexpr uint64_t ring_high_divisor = 2;
constexpr Duration stalled_pause = milliseconds(1);
// Of one table page, which are written together.
constexpr size_t runs_at_once = 16;

}  // namespace

Task<void> Applier::stop() {
    core_.work.notify_all();
    co_await scope_.join();
}

bool Applier::anything_pending() const {
    return core_.overlay.has_unfrozen() || core_.zeros.has_unfrozen() || !core_.structure.empty() ||
           !core_.moves.empty();
}

bool Applier::apply_due() const {
    if (!anything_pending())
        return false;
    // Removed chunks give their space back at once.
    const bool removals =
        std::any_of(core_.structure.begin(), core_.structure.end(),
                    [](const StructuralChange& change) { return !change.create; });
    return removals || core_.wants_room() || core_.slots_wanted ||
           core_.overlay.bytes() > core_.options.pending_bytes_max / pending_high_divisor ||
           core_.overlay.in_place() > core_.options.placed_blocks_max / pending_high_divisor ||
           core_.zeros.size() > core_.options.zero_ranges_max / pending_high_divisor ||
           core_.runtime.loop.now() >= core_.oldest_pending + core_.options.apply_delay;
}

bool Applier::checkpoint_due() const {
    const journal::RingJournal& journal = *core_.journal;
    if (core_.wants_room() || checkpoint_wanted_ > checkpoints_done_ ||
        core_.runtime.loop.now() >= core_.rewrite_due)
        return true;
    if (!core_.has_unsaved)
        return false;
    return journal.used() > journal.capacity() / ring_high_divisor ||
           core_.touched_count() > core_.options.table_pages_dirty_max / pending_high_divisor ||
           spares_used_ > spares_kept_ + core_.options.spare_chunks_max ||
           core_.runtime.loop.now() >= last_checkpoint_ + core_.options.checkpoint_delay;
}

Waiter Applier::wait_for_work() {
    Instant until = Instant::never();
    // What was pending may be gone with its chunk.
    if (core_.oldest_pending != Instant::never() && anything_pending())
        until = core_.oldest_pending + core_.options.apply_delay;
    if (core_.has_unsaved)
        until = std::min(until, last_checkpoint_ + core_.options.checkpoint_delay);
    until = std::min(until, core_.rewrite_due);
    return core_.work.wait_until(until);
}

Task<void> Applier::run() {
    last_checkpoint_ = core_.runtime.loop.now();
    while (!core_.stopping && !core_.failure) {
        if (core_.runtime.loop.now() < paused_until_) {
            co_await core_.work.wait_until(paused_until_);
            continue;
        }
        const bool checkpoint_now = checkpoint_due();
        if (!checkpoint_now && !apply_due()) {
            co_await wait_for_work();
            continue;
        }
        const bool anything = core_.has_unsaved;
        Result<bool> done = false;
        if (checkpoint_now)
            done = co_await checkpoint();
        else
            done = co_await apply();
        if (!done) {
            core_.fail(done.error());
            break;
        }
        if (checkpoint_now && *done)
            checkpoints_done_ = checkpoints_begun_;
        checkpointed_.notify_all();
        core_.no_space = !*done;
        if (!*done)
            paused_until_ = core_.runtime.loop.now() + core_.options.no_space_retry;
        else if (!anything)
            paused_until_ = core_.runtime.loop.now() + stalled_pause;
        co_await Yield(core_.runtime.loop);  // those who waited for room go first
    }
    checkpointed_.notify_all();
}

Task<Result<void>> Applier::request_checkpoint() {
    // One that has begun may have left out what came since.
    const uint64_t wanted = checkpoints_begun_ + 1;
    checkpoint_wanted_ = std::max(checkpoint_wanted_, wanted);
    core_.work.notify_all();
    while (checkpoints_done_ < wanted) {
        CO_TRY(core_.check_running());
        if (core_.no_space)
            co_return Error(Code::no_space, "the chunk server's disk is full");
        co_await checkpointed_.wait();
    }
    co_return Result<void>();
}

Task<Result<bool>> Applier::apply() {
    // 1. Freeze, in one step: what comes later belongs to the next time.
    const journal::Sequence end = core_.journal->cut();
    std::vector<StructuralChange> structure = std::exchange(core_.structure, {});
    const std::vector<SlotMove> moves = std::exchange(core_.moves, {});
    core_.slots_wanted = false;
    const std::vector<FrozenBlock> frozen = core_.overlay.freeze();
    const std::vector<ZeroRange> zeros = core_.zeros.freeze();
    core_.oldest_pending = Instant::never();
    // 2. Nothing goes in place before its record is durable: a power cut could keep the block and
    //    lose the record, and with it the only trace of what the block means.
    CO_TRY(co_await make_durable(end - 1, core_.placed_sequence));
    // 3. Slots, in which all that is pending for their slices belongs; nothing zeroed a slice
    // before
    //    it moved that is pending still. Then files, zeros, and blocks: one that is pending is
    //    newer than any range.
    apply_moves(moves);
    Result<void> done = co_await change_structure(std::move(structure));
    if (done)
        done = co_await apply_zeros(zeros);
    else
        core_.zeros.not_applied();
    if (done) {
        done = co_await apply_blocks(frozen);
    } else {
        for (const FrozenBlock& block : frozen)
            core_.overlay.not_applied(block);
    }
    core_.space_changed();
    core_.room_changed();
    if (!done && done.code() != Code::no_space)
        co_return done.error();
    if (!done && core_.oldest_pending == Instant::never())
        core_.oldest_pending = core_.runtime.loop.now();
    co_return done.has_value();
}

// What lies in place is verified by recovery as long as the ring does not say that it was durable:
// so it says so before anything there may change.
Task<Result<void>> Applier::make_durable(journal::Sequence last, journal::Sequence placed) {
    const uint64_t marker = std::exchange(core_.marker_reserve, 0);
    const bool tell = placed > core_.placed_told && core_.options.rules.tell_before_apply;
    if (tell && core_.options.rules.flush_before_apply) {
        CO_TRY(co_await core_.journal->flush_and_tell(last, marker));
        core_.placed_told = placed;
        co_return Result<void>();
    }
    core_.journal->release(marker);
    if (core_.options.rules.flush_before_apply)
        co_return co_await core_.journal->flush_through(last);
    co_return co_await core_.journal->wait_written(last);
}

Task<Result<void>> Applier::change_structure(std::vector<StructuralChange> changes) {
    for (size_t i = 0; i < changes.size(); i++) {
        const StructuralChange change = changes[i];
        Result<void> done;
        if (!change.create)
            done = co_await core_.files.remove(change.chunk->id);
        else if (!change.chunk->removed)
            done = co_await core_.files.create(change.chunk);
        change.chunk->file_awaited &= !done;
        if (!done) {
            core_.structure.insert(core_.structure.begin(),
                                   changes.begin() + static_cast<ptrdiff_t>(i), changes.end());
            co_return done.error();
        }
        folders_changed_.push_back(change.chunk->id);
        if (change.create) {
            change.chunk->header_due = true;
            change.chunk->sync_needed = true;
        }
    }
    co_return Result<void>();
}

Task<Result<void>> Applier::apply_zeros(const std::vector<ZeroRange>& ranges) {
    for (const ZeroRange& range : ranges) {
        if (range.chunk->removed)
            continue;
        co_await enter_writer(core_, range.chunk);
        Result<void> done = co_await apply_zero_range(range);
        leave_writer(core_, *range.chunk);
        if (!done && !range.chunk->removed) {
            core_.zeros.not_applied();
            co_return done.error();
        }
    }
    core_.zeros.applied();
    co_return Result<void>();
}

Task<Result<void>> Applier::apply_zero_range(const ZeroRange& range) {
    const ChunkRef chunk = range.chunk;
    const uint32_t end = range.first_block + range.count;
    for (uint32_t index = page_of(range.first_block); index <= page_of(end - 1); index++) {
        if (!chunk->pages.has(index) && core_.tables.find(*chunk, index).page == nullptr)
            continue;  // holes already
        Result<PageRef> page = co_await core_.table_page(chunk, index, IfUnreadable::lose);
        if (!page)
            co_return page.error();
        if (chunk->removed)
            co_return Result<void>();
        const uint32_t first = std::max(range.first_block, index * entries_per_page);
        const uint32_t last = std::min(end, (index + 1) * entries_per_page);
        for (uint32_t block = first; block < last; block++) {
            TableEntry& entry = (*page)->content.of(block);
            const uint32_t kept = range.punch ? 0 : entry.flags & TableEntry::allocated;
            entry = {.flags = kept != 0 ? TableEntry::zero | kept : 0};
        }
        core_.page_changed(**page);
    }
    if (!range.punch)
        co_return Result<void>();
    co_return co_await punch(chunk, range.first_block, range.count);
}

Task<Result<void>> Applier::punch(ChunkRef chunk, uint32_t first_block, uint32_t count) {
    Result<std::shared_ptr<File>> file = co_await core_.file_of(chunk);
    if (!file)
        co_return file.error();
    chunk->sync_needed = true;
    const uint32_t end = first_block + count;
    for (uint32_t begin = first_block; begin < end;) {
        const uint64_t offset = chunk->offset_of(begin);
        uint32_t run = 1;
        while (begin + run < end &&
               chunk->offset_of(begin + run) == offset + uint64_t{run} * block_size)
            run++;
        Result<size_t> punched = co_await (*file)->punch_hole(offset, uint64_t{run} * block_size);
        if (!punched)
            co_return punched.error();
        begin += run;
    }
    co_return Result<void>();
}

void Applier::apply_moves(const std::vector<SlotMove>& moves) {
    for (const SlotMove& move : moves) {
        spares_used_ += move.chunk->spares_used ? 0 : 1;
        move.chunk->move_slice(move.slice, move.slot);
    }
    core_.gate.notify_all();
}

Task<Result<void>> Applier::apply_blocks(const std::vector<FrozenBlock>& frozen) {
    std::vector<ApplyUnit> units;
    for (size_t begin = 0; begin < frozen.size();) {
        size_t end = begin + 1;
        while (end < frozen.size() && frozen[end].chunk == frozen[begin].chunk &&
               page_of(frozen[end].block) == page_of(frozen[begin].block))
            end++;
        units.push_back({std::span(frozen).subspan(begin, end - begin)});
        begin = end;
    }
    // One that finds no space does not keep the others from going.
    const auto apply_one = [&](size_t i) {
        return apply_unit(units[i]);
    };
    co_return co_await for_each(core_.runtime.loop, core_.options.parallel_io, units.size(),
                                apply_one);
}

Task<Result<void>> Applier::apply_unit(ApplyUnit unit) {
    const ChunkRef chunk = unit.blocks.front().chunk;
    co_await enter_writer(core_, chunk);
    Result<void> done;
    if (core_.failure) {
        done = *core_.failure;
    } else if (!chunk->removed) {
        Result<PageRef> page = co_await core_.table_page(chunk, page_of(unit.blocks.front().block),
                                                         IfUnreadable::lose);
        if (page)
            done = co_await write_unit(unit, *page);
        else
            done = page.error();
        if (chunk->removed)
            done = {};
    }
    for (const FrozenBlock& frozen : unit.blocks) {
        if (done)
            core_.overlay.applied(frozen);
        else
            core_.overlay.not_applied(frozen);
    }
    leave_writer(core_, *chunk);
    core_.space_changed();
    core_.room_changed();
    co_return done;
}

std::vector<Applier::Run> Applier::runs_of(const ChunkEntry& chunk, ApplyUnit unit) {
    std::vector<Run> runs;
    for (const FrozenBlock& block : unit.blocks) {
        if (block.data.empty())
            continue;
        const uint64_t offset = chunk.offset_of(block.block);
        if (runs.empty() || runs.back().offset + runs.back().blocks.size() * block_size != offset)
            runs.push_back({offset, {}});
        runs.back().blocks.push_back(block.data.view());
    }
    return runs;
}

Task<Result<void>> Applier::write_run(File& file, const Run& run) {
    return journal::write_blocks(file, run.offset, run.blocks);
}

Task<Result<void>> Applier::write_unit(ApplyUnit unit, PageRef page) {
    const ChunkRef chunk = page->chunk;
    Result<std::shared_ptr<File>> file = co_await core_.file_of(chunk);
    if (!file)
        co_return file.error();
    chunk->sync_needed = true;
    const std::vector<Run> runs = runs_of(*chunk, unit);
    // Together, so that they go to the kernel with one call, and to the disk with one ring of its
    // bell.
    const auto write_one = [&](size_t i) {
        return write_run(**file, runs[i]);
    };
    CO_TRY(co_await for_each(core_.runtime.loop, runs_at_once, runs.size(), write_one));
    if (chunk->removed)
        co_return Result<void>();
    for (const FrozenBlock& frozen : unit.blocks) {
        page->content.of(frozen.block) = {.checksum = frozen.checksum,
                                          .stored_size = block_size,
                                          .flags = TableEntry::written | TableEntry::allocated};
    }
    core_.page_changed(*page);
    co_return Result<void>();
}

}  // namespace cairn::chunk
