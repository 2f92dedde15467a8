// Operations of the log on chunks and their replicas. A `version` in an operation is the one that
// the proposer saw: where the chunk's is another by now, nothing changes (Code::stale_map).
#pragma once

#include <utility>
#include <vector>

#include "wire/log_entry.h"
#include "wire/meta_types.h"

namespace cairn::logged {

// Before any id of the block is used.
struct ReserveChunkIds {
    static constexpr LogKind kind = LogKind::reserve_chunk_ids;
    uint32_t count = 0;

    template <class A>
    void fields(A& archive) {
        archive(count);
    }
};
struct ReserveChunkIdsAnswer {
    ChunkId first;
    uint32_t count = 0;

    template <class A>
    void fields(A& archive) {
        archive(first, count);
    }
};

// Where a new chunk stands: durable there since that start of the chunk server.
struct ChunkPlace {
    CsId cs;
    uint64_t sync_epoch = 0;

    template <class A>
    void fields(A& archive) {
        archive(cs, sync_epoch);
    }
};

// New chunks of a file, marked open for writing. An index that has a chunk by now keeps it, and the
// answer gives that one.
struct AddChunks {
    static constexpr LogKind kind = LogKind::add_chunks;
    struct NewChunk {
        uint64_t index = 0;
        ChunkId chunk;
        std::vector<ChunkPlace> places;

        template <class A>
        void fields(A& archive) {
            archive(index, chunk, places);
        }
    };
    FileId file;
    ClientId client;
    InstanceId instance;
    LeaseEpoch epoch;
    std::vector<NewChunk> chunks;

    template <class A>
    void fields(A& archive) {
        archive(file, client, instance, epoch, chunks);
    }
};
struct AddChunksAnswer {
    std::vector<uint16_t> codes;  // of each, in order: ok, already_exists, or an error
    std::vector<ChunkMap> maps;   // of those with ok or already_exists

    template <class A>
    void fields(A& archive) {
        archive(codes, maps);
    }
};

// Open for writing, by the holder of the exclusive lease.
struct MarkChunks {
    static constexpr LogKind kind = LogKind::mark_chunks;
    FileId file;
    ClientId client;
    InstanceId instance;
    LeaseEpoch epoch;
    std::vector<ChunkId> chunks;

    template <class A>
    void fields(A& archive) {
        archive(file, client, instance, epoch, chunks);
    }
};

// Flushed under these versions, and nothing in flight. A chunk whose version is another by now, or
// that is under comparison, keeps its mark.
struct UnmarkChunks {
    static constexpr LogKind kind = LogKind::unmark_chunks;
    FileId file;
    ClientId client;
    InstanceId instance;
    LeaseEpoch epoch;
    std::vector<std::pair<ChunkId, Version>> chunks;

    template <class A>
    void fields(A& archive) {
        archive(file, client, instance, epoch, chunks);
    }
};
struct UnmarkChunksAnswer {
    uint32_t unmarked = 0;

    template <class A>
    void fields(A& archive) {
        archive(unmarked);
    }
};

// Replicas leave their sets, as far as the leaving rule allows.
struct LeaveReplicas {
    static constexpr LogKind kind = LogKind::leave_replicas;
    struct Leaving {
        ChunkId chunk;
        Version version;
        CsId cs;

        template <class A>
        void fields(A& archive) {
            archive(chunk, version, cs);
        }
    };
    bool lost = false;            // for ever: one remaining replica suffices
    std::vector<CsId> answering;  // chunk servers that answer now
    std::vector<Leaving> replicas;

    template <class A>
    void fields(A& archive) {
        archive(lost, answering, replicas);
    }
};
struct LeaveReplicasAnswer {
    std::vector<uint16_t> codes;  // of each, in order: ok, stale_map, not_found, or blocked

    template <class A>
    void fields(A& archive) {
        archive(codes);
    }
};

// The replica began to join under `version` + 1, since that start of its chunk server.
struct JoinReplica {
    static constexpr LogKind kind = LogKind::join_replica;
    ChunkId chunk;
    Version version;
    CsId cs;
    uint64_t sync_epoch = 0;

    template <class A>
    void fields(A& archive) {
        archive(chunk, version, cs, sync_epoch);
    }
};
// Of JoinReplica, ChooseSource: the chunk as it is now.
struct ChunkAnswer {
    ChunkMap map;

    template <class A>
    void fields(A& archive) {
        archive(map);
    }
};

// The joiner that joined under `version` holds everything, synced.
struct JoinDone {
    static constexpr LogKind kind = LogKind::join_done;
    ChunkId chunk;
    Version version;  // of its join: the piece's `since`
    CsId cs;

    template <class A>
    void fields(A& archive) {
        archive(chunk, version, cs);
    }
};

// A new master, a replica that forgot what clients wrote, or a write that only some replicas had
// room for: the chunks are compared under new versions, also those that were being compared.
struct RestartComparisons {
    static constexpr LogKind kind = LogKind::restart_comparisons;
    std::vector<std::pair<ChunkId, Version>> chunks;

    template <class A>
    void fields(A& archive) {
        archive(chunks);
    }
};
struct RestartComparisonsAnswer {
    uint32_t restarted = 0;

    template <class A>
    void fields(A& archive) {
        archive(restarted);
    }
};

struct ChooseSource {
    static constexpr LogKind kind = LogKind::choose_source;
    ChunkId chunk;
    Version version;
    CsId cs;

    template <class A>
    void fields(A& archive) {
        archive(chunk, version, cs);
    }
};

// For blocks that are bad at the source of a comparison.
struct StandIn {
    static constexpr LogKind kind = LogKind::stand_in;
    ChunkId chunk;
    Version version;
    CsId cs;
    std::vector<uint32_t> blocks;

    template <class A>
    void fields(A& archive) {
        archive(chunk, version, cs, blocks);
    }
};

// Equal and synced on every in-sync replica.
struct ComparisonDone {
    static constexpr LogKind kind = LogKind::comparison_done;
    ChunkId chunk;
    Version version;

    template <class A>
    void fields(A& archive) {
        archive(chunk, version);
    }
};

}  // namespace cairn::logged
