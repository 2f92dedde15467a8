// What the master orders chunk servers to do. Each order carries the master's log position and
// term; a chunk server keeps the highest position it ever saw and refuses an order from behind it
// (Code::behind): a restored backup of a metadata server must not delete live chunks. Orders are
// idempotent: a new master gives them again.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "wire/archive.h"

namespace cairn {

struct OrderHeader {
    MdsId master;
    Term term;
    LogIndex position;

    template <class A>
    void fields(A& archive) {
        archive(master, term, position);
    }
};

// What a chunk says of itself in its header, so that the tree can be rebuilt from chunk servers
// alone (I9).
struct ChunkDescription {
    ChunkId chunk;
    FileId file;
    std::string path_hint;    // the file's path when the chunk was made; may be out of date
    uint64_t index = 0;       // in the file, in units of chunk_size
    uint64_t chunk_size = 0;  // bytes, a power of two
    Version version;
    uint8_t piece = 0;   // 0 in replication
    std::string layout;  // "replicas=3:2"
    Bytes attributes;    // encoded NodeAttributes of the file at that time

    template <class A>
    void fields(A& archive) {
        archive(chunk, file, path_hint, index, chunk_size, version, piece, layout, attributes);
    }
};

// Answered when the empty chunk is durable there. The chunk is complete and admitted.
struct CreateChunkOrder {
    OrderHeader header;
    ChunkDescription description;
    LeaseEpoch epoch;

    template <class A>
    void fields(A& archive) {
        archive(header, description, epoch);
    }
};

// Deletes what is there of these; what is not there counts as deleted. Every id must lie below
// `id_limit`, the catalogue's counter, and is refused otherwise. A replica that heard of a newer
// version than the one given has joined its set since the order was sent, and is kept; a chunk that
// is no more has the version none.
struct DeleteChunksOrder {
    OrderHeader header;
    ChunkId id_limit;
    std::vector<std::pair<ChunkId, Version>> chunks;

    template <class A>
    void fields(A& archive) {
        archive(header, id_limit, chunks);
    }
};

// Answered when each epoch is durable there, and no request under an older epoch of that file is
// still running.
struct FenceFilesOrder {
    OrderHeader header;
    std::vector<std::pair<FileId, LeaseEpoch>> files;

    template <class A>
    void fields(A& archive) {
        archive(header, files);
    }
};

struct SealedChunk {
    FileId file;
    ChunkId chunk;
    Version version;
    LeaseEpoch epoch;

    template <class A>
    void fields(A& archive) {
        archive(file, chunk, version, epoch);
    }
};

// Answered when each version and epoch is durable there, and no request under an older one is still
// running. A chunk that is not there makes the reply list it as lost; the others are sealed all the
// same.
struct SealChunksOrder {
    OrderHeader header;
    std::vector<SealedChunk> chunks;

    template <class A>
    void fields(A& archive) {
        archive(header, chunks);
    }
};
struct SealChunksReply {
    std::vector<ChunkId> lost;

    template <class A>
    void fields(A& archive) {
        archive(lost);
    }
};

// The replica begins to join under `version`: it is marked joining (durably), forgets which blocks
// clients wrote, accepts client writes under `version` or newer, serves no reads. It is made empty
// if it is not there. What it holds is kept for the comparison with its source. Answered before the
// join is logged.
struct BeginJoinOrder {
    OrderHeader header;
    ChunkDescription description;  // with the version of the join
    LeaseEpoch epoch;

    template <class A>
    void fields(A& archive) {
        archive(header, description, epoch);
    }
};

// The joiner compares with `source` and copies what differs, except what clients wrote since
// begin_join, then syncs, and becomes complete (durably); then it answers. Every in-sync replica
// was sealed at `version` before.
struct RunJoinOrder {
    OrderHeader header;
    FileId file;
    ChunkId chunk;
    Version version;
    CsId source;
    Address source_address;
    bool urgent = false;  // writes wait for it: it does not yield to clients

    template <class A>
    void fields(A& archive) {
        archive(header, file, chunk, version, source, source_address, urgent);
    }
};

// A replica of a set under comparison makes its blocks equal to those of the logged source, except
// blocks that clients wrote since it first heard of `version`, syncs, and answers. `exceptions`
// name blocks for which another replica stands in for the source. An unadmitted replica obeys this,
// but is admitted only by admit_chunks.
struct StandIn {
    uint32_t block = 0;
    CsId source;
    Address address;

    template <class A>
    void fields(A& archive) {
        archive(block, source, address);
    }
};
struct CompareChunkOrder {
    OrderHeader header;
    FileId file;
    ChunkId chunk;
    Version version;
    CsId source;
    Address source_address;
    std::vector<StandIn> exceptions;

    template <class A>
    void fields(A& archive) {
        archive(header, file, chunk, version, source, source_address, exceptions);
    }
};
struct CompareChunkReply {
    uint32_t blocks_compared = 0;
    uint32_t blocks_copied = 0;
    std::vector<uint32_t>
        bad_at_source;  // blocks that differ and that the source cannot read: a stand-in is needed

    template <class A>
    void fields(A& archive) {
        archive(blocks_compared, blocks_copied, bad_at_source);
    }
};

// Answered when everything of the chunk is on stable media (the source's part of a comparison).
struct SyncChunkOrder {
    OrderHeader header;
    ChunkId chunk;
    Version version;

    template <class A>
    void fields(A& archive) {
        archive(header, chunk, version);
    }
};

// After an unclean start: these replicas may serve again.
struct AdmitChunksOrder {
    OrderHeader header;
    std::vector<std::pair<ChunkId, Version>> chunks;

    template <class A>
    void fields(A& archive) {
        archive(header, chunks);
    }
};

// Blocks whose content does not match this replica's own table: fetch from `source` and write where
// the content has exactly the checksum that the table holds. Blocks that cannot be restored so are
// listed.
struct RestoreBlocksOrder {
    OrderHeader header;
    ChunkId chunk;
    Version version;
    std::vector<uint32_t> blocks;
    CsId source;
    Address source_address;

    template <class A>
    void fields(A& archive) {
        archive(header, chunk, version, blocks, source, source_address);
    }
};
struct RestoreBlocksReply {
    std::vector<uint32_t> bad_at_source;  // another source may have them
    std::vector<uint32_t> refused;        // what the source has is not what belongs there

    template <class A>
    void fields(A& archive) {
        archive(bad_at_source, refused);
    }
};

}  // namespace cairn
