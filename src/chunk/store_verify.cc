// What lies on disk, compared with what should: read by name, not from memory, because rot under a
// good copy in memory is rot all the same, and a file that was deleted lives on behind an open one.
#include <algorithm>

#include "chunk/applier.h"
#include "chunk/store.h"
#include "chunk/store_core.h"
#include "journal/direct_io.h"

namespace cairn::chunk {

namespace {

constexpr uint32_t blocks_per_read = 64;  // 256 KiB: readers beside it do not wait long
// A second look tells a slip of the transfer, or a write in between, from rot.
constexpr int looks = 3;
constexpr Duration rewrite_delay = seconds(1);

bool headers_may_change(const ChunkEntry& chunk) {
    return chunk.header_dirty || chunk.header_due || chunk.header_placing;
}

}  // namespace

Task<Result<ChunkStore::OnDisk>> ChunkStore::look_at_headers(ChunkRef chunk, uint32_t& bad) {
    const bool may_change = headers_may_change(*chunk);
    const uint64_t sequence = chunk->header_sequence;
    Result<std::shared_ptr<File>> file = co_await core_->file_of(chunk);
    if (!file)
        co_return file.error();
    Buffer both = Buffer::zeroed(size_t{2} * block_size);
    const Result<void> read = co_await journal::read_blocks(**file, 0, both.mutable_view());
    if (chunk->removed)
        co_return Error(Code::replica_lost, "the chunk was removed");
    // It is about to be written, or was just now.
    if (may_change || headers_may_change(*chunk) || chunk->header_sequence != sequence)
        co_return OnDisk::unclear;
    const HeaderBlock expected = chunk->header_block(core_->identity.cluster);
    bad = 0;
    for (size_t i = 0; i < 2; i++) {
        const ByteView bytes = both.view().subspan(i * block_size, block_size);
        const Result<HeaderBlock> header =
            read ? decode_header(bytes) : Result<HeaderBlock>(read.error());
        bad += header && *header == expected ? 0 : 1;
    }
    co_return bad == 0 ? OnDisk::good : OnDisk::bad;
}

Task<Result<uint32_t>> ChunkStore::verify_headers(ChunkId id) {
    CO_TRY(core_->check_running());
    const ChunkRef chunk = core_->find(id);
    if (chunk == nullptr)
        co_return Error(Code::replica_lost, "the chunk is not here");
    const Operation operation(*this);
    if (chunk->file_awaited)
        co_return uint32_t{0};
    Result<std::shared_ptr<File>> file = co_await core_->files.open_by_name(chunk);
    if (chunk->removed)
        co_return Error(Code::replica_lost, "the chunk was removed");
    if (!file && file.code() == Code::not_found) {
        if (core_->vanished.insert(id).second)
            core_->runtime.log.write(Severity::error, "cs",
                                     core_->files.path_of(id) + " is not there any more");
        co_return Error(Code::replica_lost, "the chunk's file is not there any more");
    }
    if (!file)
        co_return file.error();
    core_->vanished.erase(id);
    uint32_t bad = 0;
    OnDisk found = OnDisk::unclear;
    for (int i = 0; i < looks && found != OnDisk::good; i++) {
        Result<OnDisk> look = co_await look_at_headers(chunk, bad);
        if (!look)
            co_return look.error();
        found = *look;
    }
    if (found != OnDisk::bad)
        co_return uint32_t{0};
    core_->runtime.log.write(Severity::error, "cs",
                             core_->files.path_of(id) + ": a header was bad; it is written again");
    CO_TRY(co_await write_headers_again(chunk));
    co_return bad;
}

Task<Result<ChunkStore::OnDisk>> ChunkStore::look_at_page(ChunkRef chunk, uint32_t index) {
    const auto is_dirty = [this, &chunk, index] {
        const PageRef page = core_->tables.find(*chunk, index).page;
        return page != nullptr && (page->dirty || page->rewrite);
    };
    const bool was_dirty = is_dirty();
    const uint32_t generation = chunk->generation;
    const bool met_writer = chunk->writers_in_place != 0;
    Result<std::shared_ptr<File>> file = co_await core_->file_of(chunk);
    if (!file)
        co_return file.error();
    Buffer block = Buffer::allocate(block_size);
    Result<void> outcome = co_await journal::read_blocks(**file, ChunkGeometry::page_offset(index),
                                                         block.mutable_view());
    if (chunk->removed)
        co_return Error(Code::replica_lost, "the chunk was removed");
    // Pages change in memory while blocks are written in place, and go to disk while they are
    // dirty.
    if (was_dirty || is_dirty() || met_writer || chunk->generation != generation)
        co_return OnDisk::unclear;
    TablePage found;
    if (outcome)
        outcome = decode_page(block.view(), chunk->id, index, found);
    const PageRef page = core_->tables.find(*chunk, index).page;
    // What is lost in memory as well is filled from elsewhere.
    const bool lost =
        page != nullptr && std::ranges::any_of(page->content.entries, &TableEntry::is_lost);
    const bool good = outcome && (page == nullptr || page->content == found);
    co_return good || lost ? OnDisk::good : OnDisk::bad;
}

Task<Result<VerifiedPage>> ChunkStore::verify_page(ChunkId id, uint32_t index) {
    CO_TRY(core_->check_running());
    const ChunkRef chunk = core_->find(id);
    if (chunk == nullptr)
        co_return Error(Code::replica_lost, "the chunk is not here");
    if (index >= chunk->geometry().page_count())
        co_return Error(Code::out_of_range, "no such page in the chunk");
    const Operation operation(*this);
    VerifiedPage verified;
    if (!chunk->pages.has(index))
        co_return verified;  // holes, or pending
    OnDisk found = OnDisk::unclear;
    for (int i = 0; i < looks && found != OnDisk::good; i++) {
        Result<OnDisk> look = co_await look_at_page(chunk, index);
        if (!look)
            co_return look.error();
        found = *look;
    }
    if (found == OnDisk::bad) {
        Result<bool> rewritten = co_await write_page_again(chunk, index);
        if (!rewritten)
            co_return rewritten.error();
        verified.rewritten = *rewritten;
    }
    const uint32_t begin = index * entries_per_page;
    const uint32_t end = std::min(begin + entries_per_page, chunk->geometry().block_count());
    for (uint32_t block = begin; block < end; block += blocks_per_read) {
        const Range range{block, std::min(blocks_per_read, end - block)};
        Result<uint32_t> read = co_await verify_blocks(chunk, range, verified.bad);
        if (!read)
            co_return read.error();
        verified.blocks_read += *read;
    }
    co_return verified;
}

// From memory, with the next checkpoint. Where it is not in memory, it is lost, and whoever reads
// its blocks is told so.
Task<Result<bool>> ChunkStore::write_page_again(ChunkRef chunk, uint32_t index) {
    if (core_->tables.find(*chunk, index).page == nullptr) {
        Result<PageRef> lost = co_await core_->table_page(chunk, index, IfUnreadable::lose);
        if (!lost)
            co_return lost.error();
        co_return false;
    }
    const RoomRequest room{
        .chunk = chunk.get(), .first_block = index * entries_per_page, .count = 1};
    CO_TRY(core_->checked(co_await core_->take_room(room)));
    const PageRef page = core_->tables.find(*chunk, index).page;
    core_->room_used(room);
    if (chunk->removed || page == nullptr)
        co_return false;
    core_->runtime.log.write(
        Severity::error, "cs",
        core_->files.path_of(chunk->id) + ": a table page was bad; it is written again");
    if (!page->rewrite)
        core_->pages_to_rewrite.push_back(page);
    page->rewrite = true;
    rewrite_soon();
    co_return true;
}

// Where one thing is bad, more may be: one checkpoint for what is found within a second.
void ChunkStore::rewrite_soon() {
    core_->has_unsaved = true;
    core_->rewrite_due = std::min(core_->rewrite_due, core_->runtime.loop.now() + rewrite_delay);
    core_->work.notify_all();
}

Task<Result<void>> ChunkStore::write_headers_again(ChunkRef chunk) {
    const RoomRequest room{.chunk = chunk.get(), .header = true};
    CO_TRY(core_->checked(co_await core_->take_room(room)));
    core_->room_used(room);
    if (!chunk->removed) {
        chunk->header_dirty = true;
        rewrite_soon();
    }
    co_return Result<void>();
}

Task<Result<bool>> ChunkStore::file_is_there(ChunkId id) {
    CO_TRY(core_->check_running());
    const ChunkRef chunk = core_->find(id);
    if (chunk == nullptr)
        co_return false;
    if (chunk->file_awaited)
        co_return true;
    const Operation operation(*this);
    Result<std::shared_ptr<File>> file = co_await core_->files.open_by_name(chunk);
    if (!file && file.code() != Code::not_found)
        co_return file.error();
    co_return file.has_value();
}

std::vector<ChunkId> ChunkStore::vanished() const {
    return {core_->vanished.begin(), core_->vanished.end()};
}

}  // namespace cairn::chunk
