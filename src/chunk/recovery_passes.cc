#include "chunk/recovery_passes.h"

#include <algorithm>
#include <array>

#include "journal/direct_io.h"

namespace cairn::chunk {

namespace {

// A second look tells a slip of the transfer from what is on the medium.
constexpr int read_tries = 3;

}  // namespace

bool RecoveryPass::is_intact(const journal::RecordView& view) {
    const Result<Record> record = decode_record(view);
    return record && payload_is_intact(*record, view.payload);
}

Task<Result<void>> RecoveryPass::visit(const journal::RecordView& view) {
    ordinal_++;
    group_ = view.group;
    Result<Record> record = decode_record(view);
    if (!record)
        co_return record.error();
    co_return co_await replay(*record, view.payload);
}

Task<Result<void>> Recovery::CompletionPass::replay(Record record, ByteView payload) {
    static_cast<void>(record);
    static_cast<void>(payload);
    co_return Result<void>();
}

ChunkRef Recovery::MetadataPass::chunk_of(ChunkId id) {
    ChunkRef chunk = recovery_.core_.find(id);
    // It may be removed further on: then all is well.
    if (chunk == nullptr && !recovery_.unusable_.contains(id))
        recovery_.missing_.insert(id);
    return chunk;
}

Task<Result<void>> Recovery::MetadataPass::replay(Record record, ByteView payload) {
    StoreCore& core = recovery_.core_;
    switch (record.type) {
        case RecordType::create: co_return co_await create(record.chunk, payload);
        case RecordType::remove: co_return co_await remove(record.chunk);
        case RecordType::write:
        case RecordType::zeros: co_return note_write(record.write);
        case RecordType::placed_write: co_return note_placed(record.write);
        case RecordType::mark: mark(record.mark); break;
        case RecordType::epoch:
            raise_epoch(core.epochs, record.epoch.file, record.epoch.epoch);
            core.epochs_dirty = true;
            break;
        case RecordType::log_position:
            core.state.log_position = std::max(core.state.log_position, record.log_position);
            break;
        case RecordType::page_image:
            if (const ChunkRef chunk = chunk_of(record.chunk))
                co_return co_await place_page(chunk, record.image.page, payload);
            // Where the header is torn, too, its image may come only behind this one.
            waiting_pages_[{record.chunk, record.image.page}] = Buffer::copy_of(payload);
            break;
        case RecordType::header_image: co_return co_await replace_header(record.chunk, payload);
    }
    co_return Result<void>();
}

void Recovery::MetadataPass::forget(ChunkId id) {
    if (const ChunkRef old = recovery_.core_.find(id))
        recovery_.core_.remove_entry(old);
    recovery_.unusable_.erase(id);
    recovery_.missing_.erase(id);
    recovery_.placed_.erase(id);
    std::erase_if(waiting_pages_, [&](const auto& page) { return page.first.first == id; });
    recovery_.created_at_[id] = ordinal_;
    recovery_.applier_.folder_changed(id);
}

Task<Result<void>> Recovery::MetadataPass::create(ChunkId id, ByteView payload) {
    const Result<HeaderBlock> header = decode_header(payload);
    if (!header)
        co_return header.error();
    forget(id);
    recovery_.add_chunk(*header);
    const ChunkRef chunk = recovery_.core_.find(id);
    chunk->header_dirty = true;
    chunk->sync_needed = true;
    chunk->settled = false;
    recovery_.applier_.imaged.insert(base_key(*chunk, header_page));
    co_return co_await recovery_.core_.files.create(chunk);
}

Task<Result<void>> Recovery::MetadataPass::remove(ChunkId id) {
    forget(id);
    co_return co_await recovery_.core_.files.remove(id);
}

Task<Result<void>> Recovery::MetadataPass::place_page(ChunkRef chunk, uint32_t page,
                                                      ByteView payload) {
    if (page >= chunk->geometry().page_count())
        co_return Error(Code::corrupt, "the journal has a table page that the chunk has not");
    Result<std::shared_ptr<File>> file = co_await recovery_.core_.files.get(chunk);
    if (!file)
        co_return file.error();
    chunk->header_dirty |= !chunk->pages.has(page);
    chunk->pages.set(page);
    chunk->sync_needed = true;
    recovery_.applier_.imaged.insert(base_key(*chunk, page));
    const std::array<ByteView, 1> slices{payload};
    co_return co_await journal::write_blocks(**file, ChunkGeometry::page_offset(page), slices);
}

Task<Result<void>> Recovery::MetadataPass::replace_header(ChunkId id, ByteView payload) {
    const Result<HeaderBlock> header = decode_header(payload);
    if (!header)
        co_return header.error();
    ChunkRef chunk = recovery_.core_.find(id);
    if (chunk == nullptr && recovery_.unusable_.erase(id) != 0) {
        // A power cut tore both copies: this is what they were to become.
        recovery_.add_chunk(*header);
        chunk = recovery_.core_.find(id);
    }
    if (chunk == nullptr) {
        recovery_.missing_.insert(id);
        co_return Result<void>();
    }
    chunk->version = header->header.version;
    chunk->state = header->header.state;
    chunk->header_sequence = header->sequence;
    chunk->pages = header->pages;
    chunk->slots = header->slots;
    chunk->spares_used = header->spares_used;
    chunk->header_dirty = true;
    recovery_.applier_.imaged.insert(base_key(*chunk, header_page));
    for (const auto& [place, page] : waiting_pages_) {
        if (place.first == id)
            CO_TRY(co_await place_page(chunk, place.second, page.view()));
    }
    std::erase_if(waiting_pages_, [&](const auto& page) { return page.first.first == id; });
    co_return Result<void>();
}

Result<void> Recovery::MetadataPass::note_write(const WriteFields& fields) {
    if (!fields.file.is_none() && !fields.epoch.is_none()) {
        raise_epoch(recovery_.core_.epochs, fields.file, fields.epoch);
        recovery_.core_.epochs_dirty = true;
    }
    const ChunkRef chunk = chunk_of(fields.chunk);
    if (chunk == nullptr)
        return {};
    const uint64_t end = uint64_t{fields.first_block} + fields.count;
    if (fields.count == 0 || end > chunk->geometry().block_count())
        return Error(Code::corrupt, "the journal has blocks that the chunk has not");
    if (fields.version > chunk->version) {
        chunk->version = fields.version;
        chunk->header_dirty = true;
    }
    return {};
}

Result<void> Recovery::MetadataPass::note_placed(const WriteFields& fields) {
    TRY(note_write(fields));
    if (const ChunkRef chunk = recovery_.core_.find(fields.chunk)) {
        const ChunkGeometry geometry = chunk->geometry();
        const uint32_t last = fields.first_block + fields.count - 1;
        if (geometry.slice_of(fields.first_block) != geometry.slice_of(last) ||
            fields.slot >= geometry.slot_count())
            return Error(Code::corrupt, "the journal has blocks in a place that is not theirs");
    }
    recovery_.placed_[fields.chunk].add(fields.first_block, fields.count, ordinal_);
    return {};
}

bool Recovery::MetadataPass::speaks_of_more(const journal::RecordView& view) {
    return static_cast<RecordType>(view.type) == RecordType::placed_write &&
           recovery_.core_.options.rules.verify_placed;
}

Task<bool> Recovery::MetadataPass::more_is_there(const journal::RecordView& view) {
    const Result<Record> record = decode_record(view);
    if (!record)
        co_return false;
    // A chunk that is not here has been removed: that was durable, and so was all before. Its file
    // may be another by now.
    const ChunkRef chunk = recovery_.core_.find(record->chunk);
    if (chunk == nullptr)
        co_return true;
    const WriteFields& fields = record->write;
    const ChunkGeometry geometry = chunk->geometry();
    const uint64_t end = uint64_t{fields.first_block} + fields.count;
    if (fields.count == 0 || end > geometry.block_count() || fields.slot >= geometry.slot_count())
        co_return true;  // an error, and not this one
    Result<std::shared_ptr<File>> file = co_await recovery_.core_.files.get(chunk);
    if (!file)
        co_return false;
    Buffer blocks = Buffer::allocate(size_t{fields.count} * block_size);
    for (int i = 0; i < read_tries; i++) {
        Result<void> read = co_await journal::read_blocks(
            **file, geometry.data_offset(fields.slot, fields.first_block), blocks.mutable_view());
        if (read && blocks_are_intact(*record, blocks.view()))
            co_return true;
    }
    co_return false;
}

void Recovery::MetadataPass::mark(const MarkFields& fields) {
    const ChunkRef chunk = chunk_of(fields.chunk);
    if (chunk == nullptr)
        return;
    chunk->version = std::max(chunk->version, fields.version);
    if (fields.state != 0)
        chunk->state = static_cast<ChunkState>(fields.state);
    chunk->header_dirty = true;
}

Task<Result<void>> Recovery::DataPass::replay(Record record, ByteView payload) {
    StoreCore& core = recovery_.core_;
    if (record.type != RecordType::write && record.type != RecordType::zeros &&
        record.type != RecordType::placed_write)
        co_return Result<void>();
    const ChunkRef chunk = core.find(record.chunk);
    const auto created = recovery_.created_at_.find(record.chunk);
    if (chunk == nullptr || (created != recovery_.created_at_.end() && ordinal_ < created->second))
        co_return Result<void>();
    core.touch(*chunk, record.write.first_block, record.write.count);
    find_runs(record.write);
    for (const Run& run : runs_)
        put(chunk, record, payload, run);
    if (core.overlay.bytes() > core.options.pending_bytes_max / 2 ||
        core.overlay.in_place() > core.options.placed_blocks_max / 2 ||
        core.zeros.size() > core.options.zero_ranges_max / 2) {
        // Where the disk is full it all stays in memory: no more than the journal holds.
        Result<bool> applied = co_await recovery_.applier_.apply();
        if (!applied)
            co_return applied.error();
    }
    co_return Result<void>();
}

void Recovery::DataPass::find_runs(const WriteFields& fields) {
    runs_.clear();
    const auto placed = recovery_.placed_.find(fields.chunk);
    if (placed == recovery_.placed_.end() || !recovery_.core_.options.rules.skip_superseded) {
        runs_.push_back({0, fields.count});
        return;
    }
    for (uint32_t i = 0; i < fields.count; i++) {
        if (placed->second.newest_at(fields.first_block + i) > ordinal_)
            continue;
        if (!runs_.empty() && runs_.back().first + runs_.back().count == i)
            runs_.back().count++;
        else
            runs_.push_back({i, 1});
    }
}

void Recovery::DataPass::put(const ChunkRef& chunk, const Record& record, ByteView payload,
                             Run run) {
    StoreCore& core = recovery_.core_;
    const uint32_t first_block = record.write.first_block + run.first;
    if (record.type == RecordType::zeros) {
        core.put_zeros({.chunk = chunk,
                        .first_block = first_block,
                        .count = run.count,
                        .punch = record.write.punch,
                        .sequence = group_});
        return;
    }
    checksums_.clear();
    for (uint32_t i = 0; i < run.count; i++)
        checksums_.push_back(record.checksum_of(run.first + i));
    if (record.type == RecordType::placed_write) {
        core.put_placed(chunk, first_block, record.write.slot, checksums_, group_);
        return;
    }
    const ByteView blocks =
        payload.subspan(size_t{run.first} * block_size, size_t{run.count} * block_size);
    core.put_blocks(chunk, first_block, Buffer::copy_of(blocks), checksums_, group_);
}

}  // namespace cairn::chunk
