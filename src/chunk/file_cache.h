// FileCache: the open files of chunks, a bounded number of them. An operation under way keeps its
// file open by sharing it, whatever the cache does meanwhile.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "chunk/chunk_entry.h"
#include "runtime/runtime.h"
#include "runtime/task.h"

namespace cairn::chunk {

class FileCache {
  public:
    FileCache(Runtime& runtime, std::string chunks_folder, size_t open_max)
        : runtime_(runtime), folder_(std::move(chunks_folder)), open_max_(open_max) {}

    Task<Result<std::shared_ptr<File>>> get(ChunkRef chunk);
    // What is under the chunk's name now, from here on for everybody: a file may have been deleted
    // or replaced behind an open one. If nothing is there, the open one stays.
    Task<Result<std::shared_ptr<File>>> open_by_name(ChunkRef chunk);
    // Makes the chunk's file, empty and of full size, in place of any that is there.
    Task<Result<void>> create(ChunkRef chunk);
    // The file, and one that was set aside as damaged; what is not there counts as removed.
    Task<Result<void>> remove(ChunkId chunk);
    void forget(ChunkEntry& chunk);

    [[nodiscard]] std::string folder_of(ChunkId chunk) const;
    [[nodiscard]] std::string path_of(ChunkId chunk) const;
    [[nodiscard]] std::string damaged_path_of(ChunkId chunk) const;

  private:
    Task<Result<void>> remove_path(std::string path);
    void keep(const ChunkRef& chunk, std::shared_ptr<File> file);

    Runtime& runtime_;
    std::string folder_;
    size_t open_max_;
    uint64_t uses_ = 0;
    std::vector<ChunkRef> open_;
};

}  // namespace cairn::chunk
