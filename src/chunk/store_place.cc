// The way of a large write past the journal: its blocks go in place at once, into space that holds
// nothing valid, and only then a record with their checksums to the journal. What cannot go this
// way takes the other.
#include <algorithm>

#include "chunk/aligned.h"
#include "chunk/applier.h"
#include "chunk/place_gate.h"
#include "chunk/store.h"
#include "chunk/store_core.h"
#include "journal/direct_io.h"

namespace cairn::chunk {

using journal::RingJournal;

namespace {

// The blocks of `range` that belong to one slice with its first.
template <class Range>
Range first_slice_of(const ChunkGeometry& geometry, Range range) {
    const uint32_t slice_end = (geometry.slice_of(range.first) + 1) * geometry.slice_blocks();
    return {range.first, std::min(range.count, slice_end - range.first)};
}

}  // namespace

Task<Result<uint64_t>> ChunkStore::write_large(const ChunkWrite& write, Range whole, Buffer data) {
    const Result<ChunkRef> chunk = chunk_for(write.tag, whole);
    if (!chunk)
        co_return chunk.error();
    co_await core_->claims.wait(*chunk, whole.first, whole.count);
    // What comes from now on for these blocks waits until this has its place in the journal.
    PlacedClaims::Claim claim(core_->claims, **chunk, whole.first, whole.count);
    std::vector<Placement> placements = co_await plan_placements(*chunk, whole);
    if (!placements.empty()) {
        Result<void> placed = co_await put_in_place(*chunk, placements, whole, data);
        // A full disk, say: the journal may have room yet.
        if (!placed) {
            let_go_of(**chunk, placements);
            placements.clear();
        }
    }
    // First all that lies in place: what goes through the journal disturbs the claim.
    Appended placed;
    Result<void> outcome = co_await append_all(write, placements, claim, placed);
    let_go_of(**chunk, std::span(placements).subspan(placed.count));
    if (!outcome)
        co_return outcome.error();
    placements.resize(placed.count);
    std::vector<Range> rest;
    uint32_t next = whole.first;
    for (const Placement& placement : placements) {
        if (placement.range.first > next)
            rest.push_back({next, placement.range.first - next});
        next = placement.range.first + placement.range.count;
    }
    if (next < whole.first + whole.count)
        rest.push_back({next, whole.first + whole.count - next});
    uint64_t sequence = placed.sequence;
    for (const Range& range : rest) {
        Result<uint64_t> appended = co_await write_pieces(write, range, whole.first, data);
        if (!appended)
            co_return appended;
        sequence = *appended;
    }
    co_return sequence;
}

Task<std::vector<ChunkStore::Placement>> ChunkStore::plan_placements(ChunkRef chunk, Range whole) {
    std::vector<Placement> placements;
    // Twice: what lies there now may take as much until it is given back.
    if (!core_->has_ample_space(uint64_t{2} * whole.count * block_size))
        co_return placements;
    if (core_->options.rules.place_in_settled && !chunk->settled) {
        Result<void> settled = co_await applier_->request_checkpoint();
        if (!settled || chunk->removed || !chunk->settled)
            co_return placements;
    }
    co_await wait_for_slots(chunk, whole);
    // Nothing suspends between the last page's loading and the end.
    Result<void> loaded = co_await core_->load_pages(chunk, whole.first, whole.count);
    if (!loaded || chunk->removed)
        co_return placements;
    const ChunkGeometry geometry = chunk->geometry();
    for (Range rest = whole; rest.count > 0;) {
        const Range part = first_slice_of(geometry, rest);
        if (const std::optional<Placement> placement = plan_placement(*chunk, part))
            placements.push_back(*placement);
        rest = {part.first + part.count, rest.count - part.count};
    }
    co_return placements;
}

Task<void> ChunkStore::wait_for_slots(ChunkRef chunk, Range whole) {
    const ChunkGeometry geometry = chunk->geometry();
    const uint32_t spare = geometry.slot_count() - geometry.slice_count();
    const uint32_t wanted = std::min(whole.count / geometry.slice_blocks(), spare / 2);
    if (chunk->free_slot_count() < wanted + spare / 2 && !chunk->taken_slots.empty()) {
        core_->slots_wanted = true;
        core_->work.notify_all();
    }
    // Nobody waits who has taken any: so those who have will let go of them.
    while (chunk->free_slot_count() < wanted && !chunk->taken_slots.empty() && !chunk->removed &&
           !core_->no_space && core_->check_running())
        co_await core_->gate.wait();
}

std::optional<ChunkStore::Placement> ChunkStore::plan_placement(ChunkEntry& chunk, Range part) {
    const ChunkGeometry geometry = chunk.geometry();
    if (part.count >= core_->options.placed_write_min && holds_nothing(chunk, part))
        return Placement{part, chunk.slot_of(part.first)};
    if (part.count != geometry.slice_blocks())
        return std::nullopt;
    // Zeros that are pending would be put where the slice will lie then.
    for (uint32_t block = part.first; block < part.first + part.count; block++) {
        if (core_->zeros.find(chunk, block) != nullptr)
            return std::nullopt;
    }
    const std::optional<uint32_t> slot = chunk.take_free_slot();
    if (!slot)
        return std::nullopt;
    return Placement{part, *slot, true};
}

void ChunkStore::let_go_of(ChunkEntry& chunk, std::span<const Placement> placements) {
    for (const Placement& placement : placements) {
        if (placement.moves)
            chunk.let_go_of_slot(placement.slot);
    }
    core_->gate.notify_all();
}

bool ChunkStore::holds_nothing(const ChunkEntry& chunk, Range range) const {
    for (uint32_t block = range.first; block < range.first + range.count; block++) {
        // What is pending may be being put in place, or be about to be.
        if (core_->overlay.find(chunk, block) != nullptr ||
            core_->zeros.find(chunk, block) != nullptr)
            return false;
        const StoreCore::Source source = core_->look(chunk, block).source;
        const bool valid = source != StoreCore::Source::hole && source != StoreCore::Source::zeros;
        if (valid && (core_->options.rules.place_beside_valid || source != StoreCore::Source::base))
            return false;
    }
    return true;
}

Task<Result<void>> ChunkStore::put_in_place(ChunkRef chunk,
                                            const std::vector<Placement>& placements, Range whole,
                                            const Buffer& data) {
    Result<std::shared_ptr<File>> file = co_await core_->file_of(chunk);
    if (!file)
        co_return file.error();
    const ChunkGeometry geometry = chunk->geometry();
    co_await enter_writer(*core_, chunk);
    Result<void> written;
    for (size_t begin = 0; begin < placements.size() && written;) {
        const Range first = placements[begin].range;
        const uint64_t offset = geometry.data_offset(placements[begin].slot, first.first);
        uint32_t count = first.count;
        size_t end = begin + 1;
        while (end < placements.size() && placements[end].range.first == first.first + count &&
               geometry.data_offset(placements[end].slot, placements[end].range.first) ==
                   offset + uint64_t{count} * block_size)
            count += placements[end++].range.count;
        const std::array<ByteView, 1> slices{data.view().subspan(
            size_t{first.first - whole.first} * block_size, size_t{count} * block_size)};
        written = co_await journal::write_blocks(**file, offset, slices);
        begin = end;
    }
    leave_writer(*core_, *chunk);
    core_->note_placed(chunk, *file);
    core_->space_changed();
    co_return written;
}

Task<Result<void>> ChunkStore::append_all(const ChunkWrite& write,
                                          const std::vector<Placement>& placements,
                                          const PlacedClaims::Claim& claim, Appended& appended) {
    for (const Placement& placement : placements) {
        Result<uint64_t> sequence = co_await append_placed(write, placement, claim);
        if (!sequence)
            co_return sequence.error();
        if (*sequence == 0)
            break;
        appended.sequence = *sequence;
        appended.count++;
    }
    co_return Result<void>();
}

Task<Result<uint64_t>> ChunkStore::append_placed(const ChunkWrite& write,
                                                 const Placement& placement,
                                                 const PlacedClaims::Claim& claim) {
    const Range range = placement.range;
    const std::span<const uint64_t> checksums =
        std::span(write.checksums).subspan(range.first - write.first_block, range.count);
    while (true) {
        const Result<ChunkRef> chunk = chunk_for(write.tag, range);
        if (!chunk)
            co_return chunk.error();
        const uint64_t record_bytes =
            RingJournal::record_space(placed_fields_size + checksums.size_bytes(), 0);
        const RoomRequest room{.chunk = chunk->get(),
                               .first_block = range.first,
                               .count = range.count,
                               .header = placement.moves || write.tag.version > (*chunk)->version,
                               .placed_blocks = range.count,
                               .record_bytes = record_bytes + block_size};
        CO_TRY(core_->checked(co_await core_->take_room(room)));
        // From here to the end nothing suspends.
        const Result<ChunkRef> again = chunk_for(write.tag, range);
        const bool same =
            again && *again == *chunk && (room.header || write.tag.version <= (*chunk)->version);
        if (!same || claim.disturbed()) {
            core_->give_back_room(room);
            if (!again)
                co_return again.error();
            if (claim.disturbed())
                co_return uint64_t{0};
            continue;
        }
        if (write.may_land && !write.may_land(range.first, range.count)) {
            core_->give_back_room(room);
            co_return overtaken();
        }
        encode_placed_write(core_->scratch,
                            {.chunk = write.tag.chunk,
                             .first_block = range.first,
                             .count = range.count,
                             .version = write.tag.version,
                             .file = write.tag.file,
                             .epoch = write.tag.epoch,
                             .slot = placement.slot},
                            checksums);
        const journal::Sequence sequence =
            core_->append(RecordType::placed_write, core_->scratch, {}, record_bytes);
        core_->put_placed(*chunk, range.first, placement.slot, checksums, sequence);
        core_->tell_later(sequence, block_size);
        adopt(**chunk, write.tag);
        core_->room_used(room);
        counters_.placed_bytes += uint64_t{range.count} * block_size;
        counters_.moved_slices += placement.moves;
        co_return sequence;
    }
}

}  // namespace cairn::chunk
