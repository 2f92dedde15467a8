#include "chunk/table_cache.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/buffer.h"
#include "base/check.h"
#include "journal/direct_io.h"

namespace cairn::chunk {

namespace {

constexpr int read_tries = 3;

}  // namespace

TableCache::TableCache(Runtime& runtime, FileCache& files, size_t clean_max)
    : runtime_(runtime), files_(files), clean_max_(clean_max), loaded_(runtime.loop) {}

TableCache::Lookup TableCache::find(const ChunkEntry& chunk, uint32_t index) {
    const auto found = pages_.find(key_of(chunk, index));
    if (found == pages_.end())
        return {.ready = !chunk.pages.has(index), .page = nullptr};
    if (found->second->loading)
        return {};
    found->second->last_use = ++uses_;
    return {.ready = true, .page = found->second};
}

Task<Result<PageRef>> TableCache::get(ChunkRef chunk, uint32_t index, IfUnreadable if_unreadable) {
    const uint64_t key = key_of(*chunk, index);
    while (true) {
        const auto found = pages_.find(key);
        if (found == pages_.end())
            break;
        if (!found->second->loading) {
            found->second->last_use = ++uses_;
            co_return found->second;
        }
        co_await loaded_.wait();
    }
    if (chunk->removed)
        co_return Error(Code::not_found, "the chunk was removed");
    auto page = std::make_shared<CachedPage>();
    page->chunk = chunk;
    page->index = index;
    page->last_use = ++uses_;
    evict();
    pages_.emplace(key, page);
    by_age_.push_back(key);
    if (chunk->pages.has(index)) {
        Result<void> loaded = co_await load(*page, if_unreadable);
        if (!loaded) {
            if (!chunk->removed)
                drop(key);
            loaded_.notify_all();
            co_return loaded.error();
        }
    }
    page->loading = false;
    loaded_.notify_all();
    co_return page;
}

Task<Result<void>> TableCache::load(CachedPage& page, IfUnreadable if_unreadable) {
    Result<std::shared_ptr<File>> file = co_await files_.get(page.chunk);
    if (!file)
        co_return file.error();
    Buffer block = Buffer::allocate(block_size);
    Result<void> outcome;
    // A second look tells a slip of the transfer from rot on the medium.
    for (int i = 0; i < read_tries; i++) {
        outcome = co_await journal::read_blocks(**file, ChunkGeometry::page_offset(page.index),
                                                block.mutable_view());
        if (outcome)
            outcome = decode_page(block.view(), page.chunk->id, page.index, page.content);
        if (outcome)
            co_return outcome;
    }
    const bool unreadable = outcome.code() != Code::corrupt;
    if (unreadable && (if_unreadable == IfUnreadable::fail || page.chunk->removed))
        co_return outcome;
    damaged_++;
    for (TableEntry& entry : page.content.entries)
        entry = {.flags = TableEntry::lost | TableEntry::allocated};
    runtime_.log.write(
        Severity::error, "cs",
        fmt::format("{}: table page {} is lost ({}); its blocks are refused until "
                    "they are written again",
                    files_.path_of(page.chunk->id), page.index, outcome.error().message()));
    co_return Result<void>();
}

void TableCache::mark_dirty(CachedPage& page) {
    if (page.dirty)
        return;
    page.dirty = true;
    const uint64_t key = key_of(*page.chunk, page.index);
    const auto found = pages_.find(key);
    CHECK_NOTE(found != pages_.end(), "a page was changed that is not in the cache");
    dirty_.emplace(key, found->second);
}

void TableCache::mark_clean(CachedPage& page) {
    page.dirty = false;
    dirty_.erase(key_of(*page.chunk, page.index));
}

void TableCache::drop(uint64_t key) {
    pages_.erase(key);
    dirty_.erase(key);
}

void TableCache::erase_chunk(const ChunkEntry& chunk) {
    for (uint32_t index = 0; index < chunk.geometry().page_count(); index++)
        drop(key_of(chunk, index));
    loaded_.notify_all();
}

// A clock: pages used since the hand last came by, dirty ones and those in use are passed over.
void TableCache::evict() {
    size_t passes = 2 * by_age_.size();
    while (pages_.size() >= clean_max_ + dirty_.size() && passes > 0 && !by_age_.empty()) {
        passes--;
        hand_ = hand_ % by_age_.size();
        const auto found = pages_.find(by_age_[hand_]);
        const bool gone = found == pages_.end();
        if (gone || (!found->second->dirty && !found->second->loading &&
                     found->second.use_count() == 1 && found->second->last_use == 0)) {
            if (!gone)
                pages_.erase(found);
            by_age_[hand_] = by_age_.back();
            by_age_.pop_back();
            continue;
        }
        found->second->last_use = 0;
        hand_++;
    }
}

std::vector<PageRef> TableCache::dirty_pages() const {
    std::vector<PageRef> pages;
    pages.reserve(dirty_.size());
    for (const auto& [key, page] : dirty_)
        pages.push_back(page);
    std::sort(pages.begin(), pages.end(), [](const PageRef& a, const PageRef& b) {
        return a->chunk->id != b->chunk->id ? a->chunk->id < b->chunk->id : a->index < b->index;
    });
    return pages;
}

}  // namespace cairn::chunk
