#include "chunk/file_cache.h"

#include <algorithm>
#include <utility>

namespace cairn::chunk {

std::string FileCache::folder_of(ChunkId chunk) const {
    return folder_ + "/" + chunk_folder(chunk);
}

std::string FileCache::path_of(ChunkId chunk) const {
    return folder_of(chunk) + "/" + chunk_file_name(chunk);
}

std::string FileCache::damaged_path_of(ChunkId chunk) const {
    return folder_of(chunk) + "/" + damaged_file_name(chunk);
}

void FileCache::keep(const ChunkRef& chunk, std::shared_ptr<File> file) {
    if (open_.size() >= open_max_) {
        // One that has no name could not be opened again.
        auto oldest =
            std::min_element(open_.begin(), open_.end(), [](const ChunkRef& a, const ChunkRef& b) {
                return std::pair(a->file_unnamed, a->last_use) <
                       std::pair(b->file_unnamed, b->last_use);
            });
        (*oldest)->open_file.reset();
        *oldest = std::move(open_.back());
        open_.pop_back();
    }
    chunk->open_file = std::move(file);
    open_.push_back(chunk);
}

Task<Result<std::shared_ptr<File>>> FileCache::get(ChunkRef chunk) {
    chunk->last_use = ++uses_;
    if (chunk->open_file != nullptr)
        co_return chunk->open_file;
    auto file = co_await runtime_.disk.open(path_of(chunk->id),
                                            {.write = true, .caching = Caching::direct});
    if (!file)
        co_return file.error().with_context(path_of(chunk->id));
    // Somebody else may have opened it meanwhile: one handle is enough.
    if (chunk->open_file == nullptr && !chunk->removed)
        keep(chunk, std::move(*file));
    else if (chunk->open_file == nullptr)
        co_return std::shared_ptr<File>(std::move(*file));
    co_return chunk->open_file;
}

Task<Result<std::shared_ptr<File>>> FileCache::open_by_name(ChunkRef chunk) {
    auto file = co_await runtime_.disk.open(path_of(chunk->id),
                                            {.write = true, .caching = Caching::direct});
    chunk->file_unnamed = !file && file.code() == Code::not_found && chunk->open_file != nullptr;
    if (!file)
        co_return file.error().with_context(path_of(chunk->id));
    std::shared_ptr<File> opened(std::move(*file));
    forget(*chunk);
    chunk->last_use = ++uses_;
    if (!chunk->removed)
        keep(chunk, opened);
    co_return opened;
}

Task<Result<void>> FileCache::create(ChunkRef chunk) {
    CO_TRY(co_await runtime_.disk.make_directories(folder_of(chunk->id)));
    auto file = co_await runtime_.disk.open(
        path_of(chunk->id), {.write = true, .create = true, .caching = Caching::direct});
    if (!file)
        co_return file.error().with_context(path_of(chunk->id));
    CO_TRY(co_await remove_path(damaged_path_of(chunk->id)));
    Result<size_t> emptied = co_await (*file)->truncate(0);
    if (!emptied)
        co_return emptied.error();
    Result<size_t> sized = co_await (*file)->truncate(chunk->geometry().file_size());
    if (!sized)
        co_return sized.error();
    chunk->last_use = ++uses_;
    if (!chunk->removed)
        keep(chunk, std::move(*file));
    co_return Result<void>();
}

Task<Result<void>> FileCache::remove(ChunkId chunk) {
    CO_TRY(co_await remove_path(path_of(chunk)));
    co_return co_await remove_path(damaged_path_of(chunk));
}

Task<Result<void>> FileCache::remove_path(std::string path) {
    Result<void> removed = co_await runtime_.disk.remove(path);
    if (!removed && removed.code() != Code::not_found)
        co_return removed.error();
    co_return Result<void>();
}

void FileCache::forget(ChunkEntry& chunk) {
    chunk.open_file.reset();
    std::erase_if(open_, [&](const ChunkRef& other) { return other.get() == &chunk; });
}

}  // namespace cairn::chunk
