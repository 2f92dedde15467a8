#include "chunk/store_core.h"

#include <algorithm>

#include "base/check.h"
#include "base/checksum.h"
#include "chunk/for_each.h"
#include "journal/direct_io.h"

namespace cairn::chunk {

namespace {

constexpr Duration space_believed = milliseconds(50);

}  // namespace

StoreCore::StoreCore(Runtime& runtime_to_use, StoreOptions store_options)
    : runtime(runtime_to_use),
      options(std::move(store_options)),
      files(runtime, options.path + "/chunks", options.open_files_max),
      tables(runtime, files, options.table_pages_clean_max),
      claims(runtime.loop),
      failed(runtime.loop),
      state_file(runtime.loop),
      work(runtime.loop),
      gate(runtime.loop),
      room_(runtime.loop) {}

std::string StoreCore::path_of(std::string_view name) const {
    return options.path + "/" + std::string(name);
}

ChunkRef StoreCore::find(ChunkId id) const {
    const auto found = chunks.find(id);
    return found == chunks.end() ? nullptr : found->second;
}

Task<Result<std::shared_ptr<File>>> StoreCore::file_of(ChunkRef chunk) {
    Result<std::shared_ptr<File>> file = co_await files.get(chunk);
    if (file || file.code() != Code::not_found || chunk->file_awaited)
        co_return file;
    const bool already = chunk->removed;
    if (!already) {
        runtime.log.write(Severity::error, "cs",
                          files.path_of(chunk->id) + " is not there any more: the replica is lost");
        remove_entry(chunk);
        damaged.insert(chunk->id);
        vanished.insert(chunk->id);
    }
    co_return Error(Code::replica_lost, "the chunk's file is not there any more");
}

Task<Result<PageRef>> StoreCore::table_page(ChunkRef chunk, uint32_t index,
                                            IfUnreadable if_unreadable) {
    Result<PageRef> page = co_await tables.get(chunk, index, if_unreadable);
    if (page || page.code() != Code::not_found)
        co_return page;
    Result<std::shared_ptr<File>> file = co_await file_of(chunk);
    co_return file ? page.error() : file.error();
}

Result<void> StoreCore::check_running() const {
    if (failure)
        return *failure;
    if (stopping)
        return Error(Code::unavailable, "the chunk store is stopping");
    return {};
}

void StoreCore::fail(const Error& error) {
    if (failure)
        return;
    failure = error;
    runtime.log.write(Severity::error, "cs",
                      "the store at " + options.path + " has failed: " + error.message());
    failed.set();
    room_.notify_all();
    work.notify_all();
    gate.notify_all();
    if (on_failure)
        on_failure();
}

Result<void> StoreCore::checked(Result<void> outcome) {
    if (!outcome && journal->failure())
        fail(*journal->failure());
    return outcome;
}

Task<Result<void>> StoreCore::save_state() {
    const Mutex::Guard guard = co_await state_file.lock();
    state_dirty = false;
    co_return co_await replace_file(runtime.disk, path_of("state"), encode(state));
}

uint64_t StoreCore::count_untouched(const RoomRequest& request) {
    newly_touched_.clear();
    if (request.chunk == nullptr)
        return 0;
    const auto touch = [&](uint32_t page) {
        const uint64_t key = base_key(*request.chunk, page);
        if (!touched_.contains(key))
            newly_touched_.push_back(key);
    };
    bool header = request.header;
    if (request.count > 0) {
        const uint32_t last = page_of(request.first_block + request.count - 1);
        for (uint32_t page = page_of(request.first_block); page <= last; page++) {
            header |= !request.chunk->pages.has(page);
            touch(page);
        }
    }
    if (header)
        touch(header_page);
    return newly_touched_.size();
}

bool StoreCore::try_take_room(const RoomRequest& request) {
    const uint64_t blocks = overlay.bytes() / block_size + blocks_admitted_ + request.data_blocks;
    if (request.data_blocks > 0 && blocks * block_size > options.pending_bytes_max)
        return false;
    if (request.zero_range && zeros.size() + zeros_admitted_ >= options.zero_ranges_max)
        return false;
    if (request.placed_blocks > 0 && overlay.in_place() + placed_admitted_ > 0 &&
        overlay.in_place() + placed_admitted_ + request.placed_blocks > options.placed_blocks_max)
        return false;
    const uint64_t before = touched_.size();
    const uint64_t after = before + count_untouched(request);
    if (after > options.table_pages_dirty_max && before != 0 && after != before)
        return false;
    const uint64_t images =
        journal::RingJournal::image_space(after) - journal::RingJournal::image_space(before);
    if (!journal->try_reserve(request.record_bytes + images))
        return false;
    image_reserve += images;
    touched_.insert(newly_touched_.begin(), newly_touched_.end());
    blocks_admitted_ += request.data_blocks;
    placed_admitted_ += request.placed_blocks;
    zeros_admitted_ += request.zero_range;
    return true;
}

Task<Result<void>> StoreCore::take_room(RoomRequest request) {
    const uint64_t ticket = next_ticket_++;
    while (!failure && !stopping && (ticket != serving_ || !try_take_room(request))) {
        if (journal->failure()) {
            fail(*journal->failure());
            break;
        }
        work.notify_all();
        co_await room_.wait();
    }
    serving_++;
    if (wants_room())
        room_.notify_all();
    co_return check_running();
}

void StoreCore::give_back_room(const RoomRequest& request) {
    room_used(request);
    if (request.record_bytes > 0)
        journal->release(request.record_bytes);
    if (wants_room())
        room_.notify_all();
}

void StoreCore::room_used(const RoomRequest& request) {
    blocks_admitted_ -= request.data_blocks;
    placed_admitted_ -= request.placed_blocks;
    zeros_admitted_ -= request.zero_range;
}

void StoreCore::put_blocks(const ChunkRef& chunk, uint32_t first_block, const Buffer& data,
                           std::span<const uint64_t> checksums, journal::Sequence sequence) {
    claims.disturb(*chunk, first_block, static_cast<uint32_t>(checksums.size()));
    for (uint32_t i = 0; i < checksums.size(); i++) {
        const uint32_t block = first_block + i;
        const PageRef page = tables.find(*chunk, page_of(block)).page;
        const bool allocated = page != nullptr && page->content.of(block).is_allocated();
        overlay.put(chunk, block,
                    {.data = data.slice(size_t{i} * block_size, block_size),
                     .checksum = checksums[i],
                     .sequence = sequence,
                     .may_allocate = !allocated});
    }
    if (overlay.bytes() > options.pending_bytes_max / 2)
        work.notify_all();
}

void StoreCore::put_placed(const ChunkRef& chunk, uint32_t first_block, uint32_t slot,
                           std::span<const uint64_t> checksums, journal::Sequence sequence) {
    for (uint32_t i = 0; i < checksums.size(); i++)
        overlay.put(chunk, first_block + i,
                    {.data = {},
                     .checksum = checksums[i],
                     .sequence = sequence,
                     .may_allocate = false,
                     .slot = static_cast<uint16_t>(slot)});
    const uint32_t slice = chunk->geometry().slice_of(first_block);
    if (chunk->slots.of(slice) != slot)
        moves.push_back({chunk, slice, slot});
    if (overlay.in_place() > options.placed_blocks_max / 2)
        work.notify_all();
}

void StoreCore::tell_later(journal::Sequence sequence, uint64_t marker_bytes) {
    placed_sequence = sequence;
    if (marker_reserve == 0)
        marker_reserve = marker_bytes;
    else
        journal->release(marker_bytes);
}

void StoreCore::note_placed(const ChunkRef& chunk, std::shared_ptr<File> file) {
    if (chunk->placed_unsynced)
        return;
    chunk->placed_unsynced = true;
    placed_unsynced_.push_back({chunk, std::move(file)});
}

Task<Result<void>> StoreCore::sync_placed() {
    if (placed_unsynced_.empty())
        co_return Result<void>();
    const std::vector<Unsynced> unsynced = std::exchange(placed_unsynced_, {});
    // What is written from now on is noted anew: a sync need not cover it.
    for (const Unsynced& one : unsynced)
        one.chunk->placed_unsynced = false;
    if (!options.rules.sync_placed_on_flush)
        co_return Result<void>();
    const auto sync_one = [&](size_t i) {
        return journal::sync_file(*unsynced[i].file);
    };
    co_return co_await for_each(runtime.loop, options.parallel_io, unsynced.size(), sync_one);
}

void StoreCore::put_zeros(ZeroRange range) {
    claims.disturb(*range.chunk, range.first_block, range.count);
    for (uint32_t i = 0; i < range.count && range.chunk->blocks_pending != 0; i++)
        overlay.erase(*range.chunk, range.first_block + i);
    zeros.put(std::move(range));
    room_changed();
}

uint64_t StoreCore::take_image_reserve() {
    touched_.clear();
    return std::exchange(image_reserve, 0);
}

void StoreCore::touch(const ChunkEntry& chunk, uint32_t first_block, uint32_t count) {
    const uint32_t last = page_of(first_block + count - 1);
    for (uint32_t page = page_of(first_block); page <= last; page++) {
        touched_.insert(base_key(chunk, page));
        if (!chunk.pages.has(page))
            touched_.insert(base_key(chunk, header_page));
    }
}

void StoreCore::reserve_images(const BaseKeys& imaged) {
    uint64_t wanted = 0;
    for (const uint64_t key : touched_)
        wanted += !imaged.contains(key);
    for (const auto& [id, chunk] : chunks) {
        const uint64_t key = base_key(*chunk, header_page);
        const bool dirty = chunk->header_dirty || chunk->header_due;
        wanted += dirty && !touched_.contains(key) && !imaged.contains(key);
    }
    // Not all that was touched needs an image: what was written and then zeroed has no page. For
    // such the room may have been given back before the crash, so that less is left than this
    // count; the checkpoint knows what it needs.
    const uint64_t space =
        std::min(journal::RingJournal::image_space(wanted), journal->capacity() - journal->used());
    const bool reserved = journal->try_reserve_last(space);
    CHECK(reserved);
    image_reserve += space;
}

journal::Sequence StoreCore::append(RecordType type, const Bytes& fields, Buffer payload,
                                    uint64_t record_bytes) {
    if (oldest_pending == Instant::never())
        oldest_pending = runtime.loop.now();
    if (!has_unsaved) {
        has_unsaved = true;
        work.notify_all();
    }
    return journal->append(static_cast<uint16_t>(type), fields, std::move(payload), record_bytes);
}

StoreCore::BlockView StoreCore::look(const ChunkEntry& chunk, uint32_t block) {
    BlockView view;
    view.slot = chunk.slot_of(block);
    const TableCache::Lookup base = tables.find(chunk, page_of(block));
    const TableEntry entry = base.page == nullptr ? TableEntry{} : base.page->content.of(block);
    view.allocated = entry.is_allocated();
    if (const PendingBlock* pending = overlay.find(chunk, block)) {
        view.source = pending->is_in_place() ? Source::base : Source::pending;
        view.checksum = pending->checksum;
        view.pending = pending;
        view.slot = pending->slot;
        view.sequence = pending->sequence;
        return view;
    }
    if (const ZeroRange* range = zeros.find(chunk, block)) {
        view.source = Source::zeros;
        view.sequence = range->sequence;
        return view;
    }
    if (!base.ready) {
        view.source = Source::not_loaded;
    } else if (entry.is_lost()) {
        view.source = Source::lost;
    } else if (entry.is_written()) {
        view.source = Source::base;
        view.checksum = entry.checksum;
    } else {
        view.source = entry.flags == 0 ? Source::hole : Source::zeros;
    }
    return view;
}

Task<Result<void>> StoreCore::load_pages(ChunkRef chunk, uint32_t first_block, uint32_t count) {
    const uint32_t last = page_of(first_block + count - 1);
    for (uint32_t page = page_of(first_block); page <= last; page++) {
        if (tables.find(*chunk, page).ready)
            continue;
        Result<PageRef> loaded = co_await table_page(chunk, page, IfUnreadable::fail);
        if (!loaded)
            co_return loaded.error();
    }
    co_return Result<void>();
}

int64_t StoreCore::space_left() {
    if (!space_known_ || runtime.loop.now() - space_read_ > space_believed) {
        const Result<DiskSpace> space = runtime.disk.space(options.path);
        space_free_ = space ? space->free : 0;
        space_known_ = true;
        space_read_ = runtime.loop.now();
    }
    const uint64_t pending = overlay.bytes_to_allocate() + touched_.size() * block_size +
                             structure.size() * uint64_t{2} * block_size;
    return static_cast<int64_t>(space_free_) - static_cast<int64_t>(pending) -
           static_cast<int64_t>(options.margin_bytes);
}

Result<bool> StoreCore::takes_new_space(const ChunkEntry& chunk, uint32_t block) {
    if (overlay.find(chunk, block) != nullptr)
        return false;  // counted already
    const TableCache::Lookup base = tables.find(chunk, page_of(block));
    if (!base.ready)
        return Error(Code::retry, "a table page is not in memory");
    return base.page == nullptr || !base.page->content.of(block).is_allocated();
}

void StoreCore::page_changed(CachedPage& page) {
    tables.mark_dirty(page);
    if (!page.chunk->pages.has(page.index)) {
        page.chunk->pages.set(page.index);
        page.chunk->header_due = true;
    }
}

void StoreCore::remove_entry(const ChunkRef& chunk) {
    chunk->removed = true;
    claims.disturb(*chunk, 0, chunk->geometry().block_count());
    overlay.erase_chunk(*chunk);
    zeros.erase_chunk(*chunk);
    tables.erase_chunk(*chunk);
    files.forget(*chunk);
    chunks.erase(chunk->id);
    gate.notify_all();
    room_.notify_all();
}

}  // namespace cairn::chunk
