// The catalogue's terms as they travel: attributes, leases, chunk maps.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wire/archive.h"

namespace cairn {

enum class NodeKind : uint8_t { file = 1, directory = 2, symlink = 3 };

enum class FailureDomain : uint8_t { disk = 0, host = 1 };

// Attributes of storage: stored with a node, inherited from the directory at creation.
struct StorageAttributes {
    uint8_t replicas_norm = 1;
    uint8_t replicas_min = 1;
    FailureDomain failure_domain = FailureDomain::host;
    uint8_t tier = 0;
    uint64_t chunk_size = 256ULL << 20;

    bool operator==(const StorageAttributes&) const = default;
    template <class A>
    void fields(A& archive) {
        archive(replicas_norm, replicas_min, failure_domain, tier, chunk_size);
    }
};

struct NodeAttributes {
    FileId file;
    NodeKind kind = NodeKind::file;
    uint64_t size = 0;
    // At and after this offset the file reads as zeros, whatever its chunks hold (left by a
    // truncation).
    uint64_t zero_from = UINT64_MAX;
    uint32_t mode = 0;  // permission bits
    uint32_t uid = 0;
    uint32_t gid = 0;
    uint32_t link_count = 1;
    WallTime created;
    WallTime modified;
    WallTime changed;
    StorageAttributes storage;
    uint64_t chunk_count = 0;  // chunks that exist

    template <class A>
    void fields(A& archive) {
        archive(file, kind, size, zero_from, mode, uid, gid, link_count, created, modified, changed,
                storage, chunk_count);
    }
};

enum class LeaseMode : uint8_t { none = 0, shared = 1, exclusive = 2 };

enum class PieceState : uint8_t { in_sync = 1, joining = 2 };

struct Piece {
    CsId cs;
    PieceState state = PieceState::in_sync;
    // Its content counts from this version on: of its last join or comparison. An answer that it
    // gave under an older version says nothing about it.
    Version since;
    uint8_t index = 0;  // 0 in replication

    template <class A>
    void fields(A& archive) {
        archive(cs, state, since, index);
    }
};

struct ChunkMap {
    uint64_t index = 0;  // in the file
    ChunkId chunk;       // none: never allocated, reads as zeros
    Version version;
    std::vector<Piece> pieces;
    bool equal = true;    // false while a comparison runs: it may be written, not read
    bool marked = false;  // open for writing
    bool gone = false;    // its last replicas were on servers that were removed by force

    template <class A>
    void fields(A& archive) {
        archive(index, chunk, version, pieces, equal, marked, gone);
    }
};

struct CsLocation {
    CsId cs;
    HostId host;
    Address address;

    template <class A>
    void fields(A& archive) {
        archive(cs, host, address);
    }
};

}  // namespace cairn
