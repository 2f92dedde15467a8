// Disk: files and directories. Written data is *held* when a write completes (it survives the death
// of this process) and *durable* after sync() or a durable write (it survives a power cut).
// Creating, renaming and removing names is durable after sync_directory(). Paths are absolute, or
// relative to the runtime's working directory.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace cairn {

// Direct files take offsets, lengths and memory in units of 4 KiB.
enum class Caching : uint8_t { buffered, direct };

struct OpenOptions {
    bool write = false;
    bool create = false;     // make it if it is not there
    bool exclusive = false;  // with create: fail with already_exists if it is
    Caching caching = Caching::buffered;
    uint32_t mode = 0644;  // of a file that is made
    // Nobody else may claim it while this File lives: busy if somebody does. Unlike Disk::lock() it
    // leaves the content alone, so that it guards a file that holds data.
    bool claim = false;
};

struct FileExtent {
    uint64_t end = 0;  // where it stops
    bool is_hole = false;
};

class File : protected IoTarget {
  public:
    ~File() override = default;

    IoOperation read(uint64_t offset, MutableByteView into) { return {*this, offset, into}; }
    IoOperation write(uint64_t offset, std::span<const ByteView> slices) {
        return {*this, IoKind::write, offset, slices};
    }
    IoOperation write_durable(uint64_t offset, std::span<const ByteView> slices) {
        return {*this, IoKind::write_durable, offset, slices};
    }
    // A failed sync is final: what it should have kept may be gone, and syncing again would not
    // bring it back.
    IoOperation sync() { return {*this, IoKind::sync, 0, 0}; }
    // Reserves space. A shorter file grows to hold the range; where nothing was written it reads as
    // zeros.
    IoOperation allocate(uint64_t offset, uint64_t length) {
        return {*this, IoKind::allocate, offset, length};
    }
    IoOperation punch_hole(uint64_t offset, uint64_t length) {
        return {*this, IoKind::punch_hole, offset, length};
    }
    IoOperation truncate(uint64_t size) { return {*this, IoKind::truncate, size, 0}; }
    [[nodiscard]] virtual Result<uint64_t> size() = 0;
    // What is stored at `offset`, which lies before the end: data or a hole. Where the file system
    // cannot tell, all is data.
    [[nodiscard]] virtual Result<FileExtent> extent_at(uint64_t offset);
};

struct FileStatus {
    uint64_t size = 0;
    uint64_t allocated = 0;  // bytes of the disk that it takes
    bool is_directory = false;
};

struct DirectoryEntry {
    std::string name;
    bool is_directory = false;
};

struct DiskSpace {
    uint64_t total = 0;
    uint64_t free = 0;        // to us, now
    uint64_t filesystem = 0;  // equal for two paths on one file system: they share its space
};

// An exclusive claim on a path, released when it is destroyed or its process ends: and then not
// before what the process had under way on this disk has landed, so that the next holder is never
// written over.
class FileLock {
  public:
    virtual ~FileLock() = default;
};

class Disk {
  public:
    virtual ~Disk() = default;
    virtual Task<Result<std::unique_ptr<File>>> open(std::string path, OpenOptions options) = 0;
    virtual Task<Result<void>> remove(std::string path) = 0;  // a file, or an empty directory
    // Atomic, replacing what is there; both names are in one file system.
    virtual Task<Result<void>> rename(std::string from, std::string to) = 0;
    virtual Task<Result<void>> make_directories(std::string path) = 0;  // with its parents
    virtual Task<Result<void>> sync_directory(std::string path) = 0;
    // Sorted by name, without "." and "..".
    virtual Task<Result<std::vector<DirectoryEntry>>> list(std::string path) = 0;
    virtual Task<Result<FileStatus>> status(std::string path) = 0;
    virtual Result<DiskSpace> space(const std::string& path) = 0;
    // Creates `path` if need be; busy if another process, or another user in this one, holds it.
    virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

// Fills `into` from `offset`, or fails with out_of_range if the file ends before.
Task<Result<void>> read_exact(File& file, uint64_t offset, MutableByteView into);

// Writes all of `bytes`.
Task<Result<void>> write_all(File& file, uint64_t offset, ByteView bytes);

// The whole content of a small file (configuration, identity): at most `limit` bytes, else
// too_large.
Task<Result<Bytes>> read_whole_file(Disk& disk, std::string path, size_t limit);

// Replaces a small file so that a crash leaves the old content or the new one: writes PATH.new,
// syncs it, renames it over PATH, syncs the directory.
Task<Result<void>> replace_file(Disk& disk, std::string path, Bytes content, uint32_t mode = 0644);

// "/a/b" of "/a/b/c"; "." where there is no slash.
[[nodiscard]] std::string parent_of(const std::string& path);

}  // namespace cairn
