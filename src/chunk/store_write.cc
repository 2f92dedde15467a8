// The way of a write: verified, given room, appended and made visible in one step, then waited for.
#include <algorithm>

#include "base/checksum.h"
#include "chunk/aligned.h"
#include "chunk/record_format.h"
#include "chunk/store.h"
#include "chunk/store_core.h"

namespace cairn::chunk {

using journal::RingJournal;

Error ChunkStore::overtaken() {
    return {Code::cancelled, "a newer write came before this one"};
}

Result<ChunkRef> ChunkStore::chunk_in_range(ChunkId chunk, Range range) const {
    TRY(core_->check_running());
    ChunkRef entry = core_->find(chunk);
    if (entry == nullptr)
        return Error(Code::replica_lost, "the chunk is not here");
    const uint32_t blocks = entry->geometry().block_count();
    if (range.count == 0 || range.first >= blocks || range.count > blocks - range.first)
        return Error(Code::out_of_range, "no such blocks in the chunk");
    return entry;
}

Result<ChunkRef> ChunkStore::chunk_for(const WriteTag& tag, Range range) const {
    Result<ChunkRef> entry = chunk_in_range(tag.chunk, range);
    if (!entry)
        return entry;
    if (!tag.version.is_none() && tag.version < (*entry)->version)
        return Error(Code::stale_map, "a newer version of the chunk is known here");
    if (!tag.epoch.is_none() && tag.epoch < file_epoch(tag.file))
        return Error(Code::stale_map, "a newer lease epoch of the file is known here");
    return entry;
}

Result<void> ChunkStore::check_content(const ChunkWrite& write) const {
    const size_t count = write.checksums.size();
    if (count == 0 || write.data.size() != count * block_size)
        return Error(Code::invalid_argument, "a write is whole blocks with a checksum each");
    for (size_t i = 0; i < count; i++) {
        const ByteView block = write.data.view().subspan(i * block_size, block_size);
        const auto index = static_cast<uint32_t>(write.first_block + i);
        if (block_checksum(write.tag.chunk, index, block) != write.checksums[i])
            return Error(Code::corrupt, "a block does not have the checksum that came with it");
    }
    return {};
}

Task<Result<void>> ChunkStore::write(ChunkWrite write) {
    const Range whole{write.first_block, static_cast<uint32_t>(write.checksums.size())};
    CO_TRY(check_content(write));
    const Result<ChunkRef> chunk = chunk_for(write.tag, whole);
    if (!chunk)
        co_return chunk.error();
    const Operation operation(*this);
    const Buffer data = aligned_for_disk(write.data);
    Result<uint64_t> sequence = uint64_t{0};
    if (whole.count >= core_->options.placed_write_min) {
        sequence = co_await write_large(write, whole, data);
    } else {
        if (core_->claims.overlap(**chunk, whole.first, whole.count))
            co_await core_->claims.wait(*chunk, whole.first, whole.count);
        sequence = co_await write_pieces(write, whole, whole.first, data);
    }
    if (!sequence)
        co_return sequence.error();
    CO_TRY(core_->checked(co_await wait_for(*sequence, write.durable)));
    counters_.written_operations++;
    counters_.written_bytes += write.data.size();
    co_return Result<void>();
}

Task<Result<void>> ChunkStore::wait_for(uint64_t sequence, bool durable) {
    if (!durable)
        co_return co_await core_->journal->wait_held(sequence);
    CO_TRY(co_await core_->journal->flush_through(sequence));
    counters_.flushes++;
    co_return Result<void>();
}

Task<Result<uint64_t>> ChunkStore::write_pieces(const ChunkWrite& write, Range range,
                                                uint32_t data_first, const Buffer& data) {
    uint64_t sequence = 0;
    for (uint32_t done = 0; done < range.count;) {
        const uint32_t count = std::min(range.count - done, core_->record_blocks_max);
        const Range piece{range.first + done, count};
        Result<uint64_t> appended = co_await write_piece(
            write, piece,
            data.slice(size_t{piece.first - data_first} * block_size, size_t{count} * block_size),
            WriteIf::always);
        if (!appended)
            co_return appended;
        sequence = *appended;
        done += count;
    }
    co_return sequence;
}

void ChunkStore::adopt(ChunkEntry& chunk, const WriteTag& tag) {
    if (tag.version > chunk.version) {
        chunk.version = tag.version;
        chunk.header_dirty = true;
    }
    if (!tag.file.is_none() && tag.epoch > file_epoch(tag.file)) {
        raise_epoch(core_->epochs, tag.file, tag.epoch);
        core_->epochs_dirty = true;
    }
}

Task<Result<uint64_t>> ChunkStore::write_piece(const ChunkWrite& write, Range piece, Buffer data,
                                               WriteIf write_if) {
    const std::span<const uint64_t> checksums =
        std::span(write.checksums).subspan(piece.first - write.first_block, piece.count);
    const WriteFields fields{.chunk = write.tag.chunk,
                             .first_block = piece.first,
                             .count = piece.count,
                             .version = write.tag.version,
                             .file = write.tag.file,
                             .epoch = write.tag.epoch};
    while (true) {
        Result<ChunkRef> chunk = chunk_for(write.tag, piece);
        if (!chunk)
            co_return chunk.error();
        CO_TRY(co_await load_for_space(*chunk, piece));
        const RoomRequest room{.chunk = chunk->get(),
                               .first_block = piece.first,
                               .count = piece.count,
                               .header = write.tag.version > (*chunk)->version,
                               .data_blocks = piece.count,
                               .record_bytes = RingJournal::record_space(
                                   write_fields_size + checksums.size_bytes(), data.size())};
        CO_TRY(core_->checked(co_await core_->take_room(room)));
        // From here to the end nothing suspends; what was true before may not be true any more.
        const Result<ChunkRef> again = chunk_for(write.tag, piece);
        const Result<bool> space = again ? has_space(**again, piece) : Result<bool>(false);
        const bool same =
            again && *again == *chunk && (room.header || write.tag.version <= (*chunk)->version);
        if (!again || !space || !*space || !same) {
            core_->give_back_room(room);
            if (!again)
                co_return again.error();
            if (!space)
                co_return space.error();
            continue;
        }
        if (write.may_land && !write.may_land(piece.first, piece.count)) {
            core_->give_back_room(room);
            co_return overtaken();
        }
        if (write_if != WriteIf::always) {
            const StoreCore::BlockView view = core_->look(**chunk, piece.first);
            const bool loaded = view.source != StoreCore::Source::not_loaded;
            const bool wanted = write_if == WriteIf::content_is_lost
                                    ? view.source == StoreCore::Source::lost
                                    : view.checksum == checksums[0];
            if (!loaded || !wanted) {
                core_->give_back_room(room);
                if (loaded)
                    co_return uint64_t{0};  // a newer write has put it right
                CO_TRY(co_await core_->load_pages(*chunk, piece.first, piece.count));
                continue;
            }
        }
        encode_write(core_->scratch, fields, checksums);
        const journal::Sequence sequence =
            core_->append(RecordType::write, core_->scratch, data, room.record_bytes);
        if (write.durable)
            core_->journal->want_durable();
        core_->put_blocks(*chunk, piece.first, data, checksums, sequence);
        adopt(**chunk, write.tag);
        core_->room_used(room);
        co_return sequence;
    }
}

Task<Result<void>> ChunkStore::load_for_space(ChunkRef chunk, Range range) {
    if (core_->has_ample_space(uint64_t{range.count} * block_size))
        co_return Result<void>();
    co_return co_await core_->load_pages(chunk, range.first, range.count);
}

Result<bool> ChunkStore::has_space(const ChunkEntry& chunk, Range range) const {
    if (core_->has_ample_space(uint64_t{range.count} * block_size))
        return true;
    int64_t needed = 0;
    for (uint32_t block = range.first; block < range.first + range.count; block++) {
        const Result<bool> takes_space = core_->takes_new_space(chunk, block);
        if (!takes_space)
            return false;  // not loaded (any more): load, and look again
        needed += *takes_space ? block_size : 0;
    }
    if (needed == 0)
        return true;
    if (core_->no_space || core_->space_left() < needed)
        return Error(Code::no_space, "the chunk server's disk is full");
    return true;
}

Task<Result<void>> ChunkStore::write_zeros(ChunkZeros zeros) {
    const Range whole{zeros.first_block, zeros.count};
    const Result<ChunkRef> chunk = chunk_for(zeros.tag, whole);
    if (!chunk)
        co_return chunk.error();
    const Operation operation(*this);
    co_await core_->claims.wait(*chunk, whole.first, whole.count);
    uint64_t sequence = 0;
    // A record touches few pages, so that a small journal has room for their images.
    for (uint32_t done = 0; done < whole.count;) {
        const uint32_t first = whole.first + done;
        const uint32_t until_page_end = entries_per_page - first % entries_per_page;
        const uint32_t more_pages = (core_->record_blocks_max - 1) / 2 * entries_per_page;
        const uint32_t count = std::min(whole.count - done, until_page_end + more_pages);
        Result<uint64_t> appended = co_await zero_range(zeros, {first, count});
        if (!appended)
            co_return appended.error();
        sequence = *appended;
        done += count;
    }
    CO_TRY(core_->checked(co_await core_->journal->wait_held(sequence)));
    counters_.written_operations++;
    co_return Result<void>();
}

Task<Result<uint64_t>> ChunkStore::zero_range(const ChunkZeros& zeros, Range piece) {
    const WriteFields fields{.chunk = zeros.tag.chunk,
                             .first_block = piece.first,
                             .count = piece.count,
                             .version = zeros.tag.version,
                             .punch = zeros.punch,
                             .file = zeros.tag.file,
                             .epoch = zeros.tag.epoch};
    while (true) {
        Result<ChunkRef> chunk = chunk_for(zeros.tag, piece);
        if (!chunk)
            co_return chunk.error();
        const RoomRequest room{.chunk = chunk->get(),
                               .first_block = piece.first,
                               .count = piece.count,
                               .header = zeros.tag.version > (*chunk)->version,
                               .zero_range = true,
                               .record_bytes = RingJournal::record_space(write_fields_size, 0)};
        CO_TRY(core_->checked(co_await core_->take_room(room)));
        const Result<ChunkRef> again = chunk_for(zeros.tag, piece);
        const bool same =
            again && *again == *chunk && (room.header || zeros.tag.version <= (*chunk)->version);
        if (!again || !same) {
            core_->give_back_room(room);
            if (!again)
                co_return again.error();
            continue;
        }
        if (zeros.may_land && !zeros.may_land(piece.first, piece.count)) {
            core_->give_back_room(room);
            co_return overtaken();
        }
        encode_write(core_->scratch, fields, {});
        const journal::Sequence sequence =
            core_->append(RecordType::zeros, core_->scratch, {}, room.record_bytes);
        core_->put_zeros({.chunk = *chunk,
                          .first_block = piece.first,
                          .count = piece.count,
                          .punch = zeros.punch,
                          .sequence = sequence});
        adopt(**chunk, zeros.tag);
        core_->room_used(room);
        co_return sequence;
    }
}

Task<Result<void>> ChunkStore::flush() {
    CO_TRY(core_->check_running());
    const Operation operation(*this);
    CO_TRY(core_->checked(co_await core_->journal->flush()));
    counters_.flushes++;
    co_return Result<void>();
}

}  // namespace cairn::chunk
