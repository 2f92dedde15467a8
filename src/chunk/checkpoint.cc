// The second half of the applier: base goes to disk for good, and the journal lets go of it.
#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/checksum.h"
#include "chunk/applier.h"
#include "chunk/for_each.h"
#include "chunk/place_gate.h"
#include "journal/direct_io.h"
#include "runtime/disk.h"

namespace cairn::chunk {

namespace {

constexpr size_t images_at_once = 64;  // as RingJournal::image_space counts them

}  // namespace

Task<Result<bool>> Applier::checkpoint() {
    // 1. What is pending now goes to base. What was set aside for images covers all that base has
    //    changed by then; what is touched from now on belongs to the next checkpoint.
    checkpoints_begun_++;
    const journal::Sequence frozen_end = core_.journal->cut();
    uint64_t reserved = core_.take_image_reserve();
    core_.has_unsaved = false;
    core_.rewrite_due = Instant::never();
    for (const PageRef& page : std::exchange(core_.pages_to_rewrite, {})) {
        page->rewrite = false;
        if (!page->chunk->removed)
            core_.tables.mark_dirty(*page);
    }
    std::vector<ChunkRef> unsettled;
    for (const auto& [id, chunk] : core_.chunks) {
        if (!chunk->settled)
            unsettled.push_back(chunk);
        chunk->header_due |= chunk->header_dirty;
        chunk->header_dirty = false;
    }
    Result<bool> applied = co_await apply();
    if (!applied || !*applied) {
        core_.image_reserve += reserved;
        core_.has_unsaved = true;
        co_return applied;
    }
    // 2. Images of all that will be overwritten, durable before the first of it is.
    std::vector<Image> images = collect_images();
    CO_TRY(co_await journal_images(images, reserved));
    // 3. In place.
    Result<void> placed = co_await place_images(images);
    if (!placed) {
        core_.has_unsaved = true;
        if (placed.code() == Code::no_space)
            co_return false;
        co_return placed.error();
    }
    // 4. Durable in place.
    if (core_.options.rules.sync_before_trim)
        CO_TRY(co_await sync_base());
    CO_TRY(co_await sync_folders());
    Result<void> saved = co_await save_small_files();
    if (!saved) {
        core_.has_unsaved = true;
        if (saved.code() == Code::no_space)
            co_return false;
        co_return saved.error();
    }
    // 5. Only now the journal may forget it.
    CO_TRY(co_await trim(frozen_end));
    for (const ChunkRef& chunk : unsettled)
        chunk->settled = true;
    co_await give_back_spares();
    last_checkpoint_ = core_.runtime.loop.now();
    core_.space_changed();
    core_.room_changed();
    co_return true;
}

std::vector<Applier::Image> Applier::collect_images() const {
    std::vector<Image> images;
    for (PageRef& page : core_.tables.dirty_pages()) {
        const uint64_t offset = ChunkGeometry::page_offset(page->index);
        images.push_back(
            {.chunk = page->chunk, .page = std::move(page), .header = {}, .offset = offset});
    }
    const size_t pages = images.size();
    for (const auto& [id, chunk] : core_.chunks) {
        if (chunk->header_due)
            images.push_back({.chunk = chunk, .page = nullptr, .header = {}, .offset = 0});
    }
    std::sort(images.begin() + static_cast<ptrdiff_t>(pages), images.end(),
              [](const Image& a, const Image& b) { return a.chunk->id < b.chunk->id; });
    for (size_t i = pages; i < images.size(); i++) {
        ChunkEntry& chunk = *images[i].chunk;
        chunk.header_sequence++;
        images[i].header = Buffer::copy_of(encode(chunk.header_block(core_.identity.cluster)));
        chunk.header_due = false;
        chunk.header_placing = true;
    }
    return images;
}

bool Applier::needs_journal(const Image& image) const {
    if (!core_.options.rules.journal_table_images || image.chunk->removed)
        return false;
    return !imaged.contains(key_of(image));
}

Buffer Applier::content_of(const Image& image) const {
    if (image.page == nullptr)
        return image.header;
    Buffer content = Buffer::allocate(block_size);
    encode_page(image.page->content, image.chunk->id, image.page->index, content.mutable_view());
    return content;
}

journal::Sequence Applier::append_image(Image& image, uint64_t reserved) {
    const bool is_page = image.page != nullptr;
    Buffer content = content_of(image);
    encode_image(core_.scratch, {.chunk = image.chunk->id,
                                 .page = is_page ? image.page->index : 0,
                                 .checksum = checksum(content.view())});
    const RecordType type = is_page ? RecordType::page_image : RecordType::header_image;
    return core_.journal->append(static_cast<uint16_t>(type), core_.scratch, std::move(content),
                                 reserved);
}

Task<Result<void>> Applier::journal_images(std::vector<Image>& images, uint64_t reserved) {
    std::vector<Image*> wanted;
    for (Image& image : images) {
        if (needs_journal(image))
            wanted.push_back(&image);
    }
    const uint64_t needed = journal::RingJournal::image_space(wanted.size());
    if (needed > reserved) {
        // Only recovery comes here: before, the space was set aside by those who touched the pages.
        if (!core_.journal->try_reserve_last(needed - reserved))
            co_return Error(Code::no_space, "the journal has no room for a checkpoint");
        reserved = needed;
    }
    journal::Sequence last = 0;
    for (size_t begin = 0; begin < wanted.size(); begin += images_at_once) {
        core_.journal->cut();
        const size_t end = std::min(wanted.size(), begin + images_at_once);
        for (size_t i = begin; i < end; i++) {
            // The first of a group pays for the group's own block.
            const uint64_t cost = (i == begin ? 2 : 1) * uint64_t{block_size};
            last = append_image(*wanted[i], cost);
            reserved -= cost;
            imaged.insert(key_of(*wanted[i]));
        }
        CO_TRY(co_await core_.journal->wait_written(last));
    }
    core_.journal->release(reserved);
    co_return co_await core_.journal->flush_through(last);
}

Task<Result<void>> Applier::place_images(std::vector<Image>& images) {
    const auto place_one = [&](size_t i) {
        return place_image(images[i]);
    };
    co_return co_await for_each(core_.runtime.loop, core_.options.parallel_io, images.size(),
                                place_one);
}

Task<Result<void>> Applier::place_image(const Image& image) {
    if (image.chunk->removed)
        co_return Result<void>();
    Result<std::shared_ptr<File>> file = co_await core_.file_of(image.chunk);
    Result<void> placed;
    if (!file) {
        placed = file.error();
    } else {
        image.chunk->sync_needed = true;
        const Buffer content = content_of(image);
        const std::array<ByteView, 1> slices{content.view()};
        placed = co_await journal::write_blocks(**file, image.offset, slices);
        // A header goes into both its places, into the second when the first is durable: recovery
        // knows the chunk at any time.
        if (placed && image.page == nullptr) {
            placed = co_await journal::sync_file(**file);
            if (placed)
                placed = co_await journal::write_blocks(**file, block_size, slices);
        }
    }
    if (image.page == nullptr)
        image.chunk->header_placing = false;
    if (image.chunk->removed)
        co_return Result<void>();
    if (placed)
        image_placed(image);
    else if (image.page == nullptr)
        image.chunk->header_due = true;
    co_return placed;
}

void Applier::image_placed(const Image& image) {
    if (image.page != nullptr)
        core_.tables.mark_clean(*image.page);
}

Task<Result<void>> Applier::sync_base() {
    std::vector<ChunkRef> written;
    for (const auto& [id, chunk] : core_.chunks) {
        if (chunk->sync_needed)
            written.push_back(chunk);
    }
    std::sort(written.begin(), written.end(),
              [](const ChunkRef& a, const ChunkRef& b) { return a->id < b->id; });
    const auto sync_one = [&](size_t i) {
        return sync_chunk(written[i]);
    };
    co_return co_await for_each(core_.runtime.loop, core_.options.parallel_io, written.size(),
                                sync_one);
}

Task<Result<void>> Applier::sync_chunk(ChunkRef chunk) {
    if (chunk->removed)
        co_return Result<void>();
    Result<std::shared_ptr<File>> file = co_await core_.file_of(chunk);
    if (!file && chunk->removed)
        co_return Result<void>();
    if (!file)
        co_return file.error();
    chunk->sync_needed = false;
    Result<void> synced = co_await journal::sync_file(**file);
    if (!synced)
        co_return synced.error().with_context(core_.files.path_of(chunk->id));
    co_return Result<void>();
}

Task<Result<void>> Applier::sync_folders() {
    std::set<std::string> folders;
    for (const ChunkId chunk : folders_changed_)
        folders.insert(core_.files.folder_of(chunk));
    folders_changed_.clear();
    for (const std::string& folder : folders) {
        Result<void> synced = co_await core_.runtime.disk.sync_directory(folder);
        if (!synced && synced.code() != Code::not_found)
            co_return synced.error();
    }
    if (!folders.empty())
        CO_TRY(co_await core_.runtime.disk.sync_directory(core_.path_of("chunks")));
    co_return Result<void>();
}

// Slots in which no slice lies take space as long as slices go on moving through them. Where none
// has moved since the last time, it goes back to the disk.
Task<void> Applier::give_back_spares() {
    std::vector<ChunkRef> idle;
    spares_kept_ = 0;
    for (const auto& [id, chunk] : core_.chunks) {
        if (!chunk->spares_used)
            continue;
        spares_kept_++;
        if (!chunk->moved_lately && chunk->taken_slots.empty())
            idle.push_back(chunk);
        chunk->moved_lately = false;
    }
    std::sort(idle.begin(), idle.end(),
              [](const ChunkRef& a, const ChunkRef& b) { return a->id < b->id; });
    core_.has_unsaved |= spares_kept_ != 0;  // so that there is a next time
    for (const ChunkRef& chunk : idle) {
        if (!chunk->removed && chunk->taken_slots.empty())
            co_await give_back_spares_of(chunk);
    }
    spares_used_ = spares_kept_;
}

Task<void> Applier::give_back_spares_of(ChunkRef chunk) {
    // The header is to say so, for which no room in the journal was set aside.
    const uint64_t image = journal::RingJournal::image_space(1);
    if (!core_.journal->try_reserve(image))
        co_return;
    core_.image_reserve += image;
    std::vector<uint32_t> slots;
    while (const std::optional<uint32_t> slot = chunk->take_free_slot())
        slots.push_back(*slot);
    co_await enter_writer(core_, chunk);
    Result<std::shared_ptr<File>> file = co_await core_.file_of(chunk);
    Result<size_t> punched = size_t{0};
    const ChunkGeometry geometry = chunk->geometry();
    for (size_t i = 0; i < slots.size() && file && punched; i++)
        punched = co_await (*file)->punch_hole(geometry.data_offset(slots[i], 0),
                                               uint64_t{geometry.slice_blocks()} * block_size);
    leave_writer(core_, *chunk);
    for (const uint32_t slot : slots)
        chunk->let_go_of_slot(slot);
    core_.gate.notify_all();
    if (!file || !punched)
        co_return;  // the next time
    chunk->spares_used = false;
    spares_kept_--;
    chunk->header_dirty = true;
    core_.has_unsaved = true;
}

Task<Result<void>> Applier::save_small_files() {
    if (core_.epochs_dirty) {
        core_.epochs_dirty = false;
        Result<void> saved = co_await replace_file(core_.runtime.disk, core_.path_of("epochs"),
                                                   encode(core_.epochs));
        if (!saved) {
            core_.epochs_dirty = true;
            co_return saved;
        }
    }
    if (core_.state_dirty) {
        Result<void> saved = co_await core_.save_state();
        core_.state_dirty |= !saved;
        co_return saved;
    }
    co_return Result<void>();
}

Task<Result<void>> Applier::trim(journal::Sequence frozen_end) {
    // Where nobody appended meanwhile, what is in the ring beyond are our own images: not needed
    // any more either.
    journal::Sequence end = frozen_end;
    if (!core_.has_unsaved) {
        end = core_.journal->cut();
        CO_TRY(co_await core_.journal->flush_through(end - 1));
    }
    imaged.clear();
    co_return co_await core_.journal->trim(end);
}

}  // namespace cairn::chunk
