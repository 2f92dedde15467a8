// A snapshot of the catalogue as a file: what describes it to the consensus, then the catalogue's
// pieces, each checked by itself, then a sum over all. Written in slices, so that the server goes on
// meanwhile; the file travels to other servers as it is. Whoever writes or reads one owns it.
//
//      0  u32 magic "CMSN"   4  u32 format   8  16 cluster id
//     24  u32 length and the description (snapshot meta of raft/codec.h)
//         u64 XXH3-64 of everything before it
//         pieces: u32 length and the bytes (meta/catalogue/snapshot_format.h)
//         u32 zero, u64 sum: the XXH3-64 of each piece seeded with that of the piece before
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "meta/catalogue/catalogue.h"
#include "meta/node/log_format.h"
#include "raft/types.h"
#include "runtime/runtime.h"

namespace cairn::meta {

class SnapshotFileWriter {
  public:
    // Replaces what is at `path`.
    static Task<Result<std::unique_ptr<SnapshotFileWriter>>> create(Runtime& runtime,
                                                                    std::string path,
                                                                    ClusterId cluster,
                                                                    raft::SnapshotMeta meta);
    Task<Result<void>> add_piece(Bytes piece);
    // On stable media when it returns, but for its name.
    Task<Result<void>> finish();

  private:
    explicit SnapshotFileWriter(std::unique_ptr<File> file) : file_(std::move(file)) {}
    Task<Result<void>> write(Bytes bytes);

    std::unique_ptr<File> file_;
    uint64_t size_ = 0;
    uint64_t sum_ = 0;
};

class SnapshotFileReader {
  public:
    // Fails with corrupt, version_mismatch or wrong_cluster.
    static Task<Result<std::unique_ptr<SnapshotFileReader>>> open(Runtime& runtime,
                                                                  std::string path,
                                                                  ClusterId cluster);
    [[nodiscard]] const raft::SnapshotMeta& meta() const { return meta_; }
    // Nothing after the last piece, when the file was found to be whole.
    Task<Result<std::optional<Bytes>>> next_piece();

  private:
    SnapshotFileReader(std::unique_ptr<File> file, uint64_t size)
        : file_(std::move(file)), size_(size) {}
    Task<Result<Bytes>> read(uint64_t length);
    Task<Result<void>> read_header(ClusterId cluster);

    std::unique_ptr<File> file_;
    uint64_t size_;
    uint64_t offset_ = 0;
    uint64_t sum_ = 0;
    raft::SnapshotMeta meta_;
};

struct LoadedSnapshot {
    raft::SnapshotMeta meta;
    std::unique_ptr<Catalogue> catalogue;
};

// Reads all of it, letting other tasks run between pieces.
Task<Result<LoadedSnapshot>> load_snapshot(Runtime& runtime, std::string path, ClusterId cluster);

}  // namespace cairn::meta
