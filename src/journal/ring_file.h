// RingFile: the file under a journal, its superblocks and its geometry. It knows where a logical
// position lies and how to keep the superblock; what groups mean is the reader's and the writer's.
#pragma once

#include <memory>
#include <string>

#include "base/buffer.h"
#include "base/result.h"
#include "journal/direct_io.h"
#include "journal/ring_format.h"
#include "runtime/disk.h"
#include "runtime/runtime.h"
#include "runtime/task.h"

namespace cairn::journal {

class RingFile {
  public:
    // Makes the file, `size` bytes in all, written once with zeros so that later writes allocate
    // nothing, and durable when it returns, but for its name.
    static Task<Result<void>> create(Runtime& runtime, std::string path, uint64_t size);
    // Fails with corrupt if neither superblock is intact.
    static Task<Result<std::unique_ptr<RingFile>>> open(Runtime& runtime, std::string path);

    [[nodiscard]] const Superblock& superblock() const { return superblock_; }
    [[nodiscard]] uint64_t capacity() const { return superblock_.capacity; }
    [[nodiscard]] const std::string& path() const { return path_; }

    // Both take logical positions and wrap around the ring's end.
    Task<Result<void>> read(uint64_t position, MutableByteView into);
    Task<Result<void>> write(uint64_t position, std::span<const ByteView> slices, uint64_t length,
                             Keep keep = Keep::held);
    Task<Result<void>> sync();

    // Writes both copies, the second only when the first is on stable media: whichever is found
    // later is true, as long as space in front of the old start is not used before this returns.
    Task<Result<void>> update(Superblock superblock);

  private:
    RingFile(std::string path, std::unique_ptr<File> file, Superblock superblock, int good_copy)
        : path_(std::move(path)),
          file_(std::move(file)),
          superblock_(superblock),
          good_copy_(good_copy) {}
    [[nodiscard]] uint64_t offset_of(uint64_t position) const {
        return ring_offset + position % superblock_.capacity;
    }
    [[nodiscard]] uint64_t until_wrap(uint64_t position) const {
        return superblock_.capacity - position % superblock_.capacity;
    }

    std::string path_;
    std::unique_ptr<File> file_;
    Superblock superblock_;
    int good_copy_;  // one that is intact
};

}  // namespace cairn::journal
