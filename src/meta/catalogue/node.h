// One file, directory or symbolic link of the catalogue. Nodes are owned by the node table and do
// not move while they exist. Prepared for the mount: owner, mode, times and link count are kept;
// what is rare (a symlink's target, later extended attributes) stands behind one pointer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "meta/catalogue/sparse_table.h"
#include "wire/meta_types.h"

namespace cairn::meta {

// Names in byte order.
using DirectoryEntries = std::map<std::string, FileId, std::less<>>;

struct Node {
    FileId parent;                      // none: the root, or removed while it was open
    const std::string* name = nullptr;  // the key of its entry in the parent; null without a parent
    uint64_t size = 0;
    uint64_t zero_from = UINT64_MAX;
    WallTime created;
    WallTime modified;
    WallTime changed;
    LeaseEpoch epoch;
    StorageAttributes storage;
    uint32_t mode = 0;
    uint32_t uid = 0;
    uint32_t gid = 0;
    uint32_t link_count = 1;
    NodeKind kind = NodeKind::file;
    SparseTable<ChunkId> chunks;                // of a file: index to chunk
    std::unique_ptr<DirectoryEntries> entries;  // of a directory
    std::unique_ptr<std::string> symlink_target;

    [[nodiscard]] bool is_directory() const { return kind == NodeKind::directory; }
    [[nodiscard]] bool is_file() const { return kind == NodeKind::file; }
};

// Longer names do not fit into what the mount can show.
constexpr size_t name_bytes_max = 255;
constexpr size_t path_bytes_max = 4096;
constexpr uint32_t symlinks_followed_max = 40;

constexpr FileId root_file{1};

constexpr uint8_t replicas_most = 15;  // REP-001
constexpr uint8_t tier_highest = 3;
constexpr uint64_t chunk_size_least = 64ULL << 10;
constexpr uint64_t chunk_size_most = 1ULL << 32;
constexpr uint64_t file_size_most = uint64_t{1} << 62;

// The minimum that belongs to a norm when none is given (REP-008).
[[nodiscard]] constexpr uint8_t default_replicas_min(uint8_t norm) {
    return norm >= 3 ? static_cast<uint8_t>(norm / 2 + 1) : uint8_t{1};
}

[[nodiscard]] Result<void> check_storage(const StorageAttributes& storage);

}  // namespace cairn::meta
