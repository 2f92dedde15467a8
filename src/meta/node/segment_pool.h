// SegmentPool: files for the segments of a log, written once with zeros so that no later write
// extends them. It keeps one ready ahead of need and takes back what the log no longer uses. It
// only hands out files that this program made itself: a write that a killed predecessor left in
// flight may still land in one of its files. Owned by the LogStore, on its loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/runtime.h"

namespace cairn::meta {

class SegmentPool {
  public:
    SegmentPool(Runtime& runtime, std::string directory, uint64_t segment_size)
        : runtime_(runtime),
          directory_(std::move(directory)),
          segment_size_(segment_size),
          making_(runtime.loop),
          taken_(runtime.loop) {}

    [[nodiscard]] uint64_t segment_size() const { return segment_size_; }
    // The path of a file of `size` bytes, at least the usual; its name is not durable yet. After
    // no_space nothing is left behind; asking again costs nothing until there is room.
    Task<Result<std::string>> take(uint64_t size);
    // Renames `path`, a file of the usual size that this program made, to a spare; removes it if
    // there are enough. The caller syncs the directory.
    Task<Result<void>> give(std::string path);
    // Keeps a spare ready until `stop` is set.
    Task<void> refill(cairn::Event& stop);
    // The last file could not be made because the disk is full.
    [[nodiscard]] bool lacks_space() const { return no_space_.has_value(); }
    // Ends a wait of refill(), after `stop` was set.
    void wake() { taken_.notify_all(); }

  private:
    [[nodiscard]] std::string next_path();
    Task<Result<std::string>> make(uint64_t size);
    Task<Result<std::string>> write_zeros(uint64_t size);

    Runtime& runtime_;
    std::string directory_;
    uint64_t segment_size_;
    Mutex making_;
    Condition taken_;
    uint64_t next_ = 1;
    std::vector<std::string> spares_;
    std::optional<Error> no_space_;
};

}  // namespace cairn::meta
