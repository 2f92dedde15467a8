// TableCache: the table pages that are in memory. Dirty pages stay until a checkpoint has written
// them, clean ones as long as there is room. There is never more than one copy of a page, and never
// two loads of it at once, so that a slow load cannot bring back what was changed meanwhile.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "chunk/chunk_entry.h"
#include "chunk/file_cache.h"
#include "runtime/runtime.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace cairn::chunk {

struct CachedPage {
    ChunkRef chunk;
    uint32_t index = 0;
    bool loading = true;
    bool dirty = false;
    bool rewrite = false;  // will be dirty from the next checkpoint on
    uint64_t last_use = 0;
    TablePage content;
};
using PageRef = std::shared_ptr<CachedPage>;

// What to do where the disk does not give a page at all.
enum class IfUnreadable : uint8_t {
    fail,  // the caller may try again
    lose,  // go on without it: its blocks are lost
};

class TableCache {
  public:
    TableCache(Runtime& runtime, FileCache& files, size_t clean_max);

    // The page, loaded if need be. One that does not verify comes with all its blocks lost.
    Task<Result<PageRef>> get(ChunkRef chunk, uint32_t index, IfUnreadable if_unreadable);
    // The page if that takes no I/O: it is in memory, or holds only holes (null, and true).
    struct Lookup {
        bool ready = false;
        PageRef page;
    };
    [[nodiscard]] Lookup find(const ChunkEntry& chunk, uint32_t index);

    void mark_dirty(CachedPage& page);
    void mark_clean(CachedPage& page);
    void erase_chunk(const ChunkEntry& chunk);
    // By chunk id and index.
    [[nodiscard]] std::vector<PageRef> dirty_pages() const;
    [[nodiscard]] size_t dirty_count() const { return dirty_.size(); }
    [[nodiscard]] size_t size() const { return pages_.size(); }
    [[nodiscard]] uint64_t damaged_count() const { return damaged_; }

  private:
    static uint64_t key_of(const ChunkEntry& chunk, uint32_t index) {
        return uint64_t{chunk.serial} << 32 | index;
    }
    struct KeyHash {
        size_t operator()(uint64_t key) const {
            key *= 0x9E3779B97F4A7C15ULL;
            return key ^ (key >> 32);
        }
    };
    Task<Result<void>> load(CachedPage& page, IfUnreadable if_unreadable);
    void drop(uint64_t key);
    void evict();

    Runtime& runtime_;
    FileCache& files_;
    size_t clean_max_;
    uint64_t uses_ = 0;
    uint64_t damaged_ = 0;
    std::unordered_map<uint64_t, PageRef, KeyHash> pages_;
    std::unordered_map<uint64_t, PageRef, KeyHash> dirty_;  // a part of these
    std::vector<uint64_t> by_age_;  // keys in about the order of loading; the clock hand's circle
    size_t hand_ = 0;
    Condition loaded_;
};

}  // namespace cairn::chunk
