// What clients and chunk servers say to a chunk server about data. Every data request carries a
// ChunkTag; a chunk server refuses a tag older than what it was told (stale_map) and adopts a newer
// one (docs/design/cluster-protocol.md). Data travels as the frame's payload, in whole 4 KiB
// blocks, each with the checksum that the client computed once.
#pragma once

#include <vector>

#include "wire/archive.h"

namespace cairn {

struct ChunkTag {
    FileId file;
    ChunkId chunk;
    Version version;   // of the sender's map of the chunk
    LeaseEpoch epoch;  // of the lease under which the sender has that map

    template <class A>
    void fields(A& archive) {
        archive(file, chunk, version, epoch);
    }
};

struct ReadBlocksRequest {
    ChunkTag tag;
    uint32_t first_block = 0;
    uint32_t block_count = 0;  // at most max_blocks_per_request

    template <class A>
    void fields(A& archive) {
        archive(tag, first_block, block_count);
    }
};

// The payload holds the blocks in order, without those that `zero_runs` names: they read as zeros
// and have no data.
struct ReadBlocksReply {
    std::vector<std::pair<uint32_t, uint32_t>>
        zero_runs;                    // (first block relative to the request, count), ascending
    std::vector<uint64_t> checksums;  // one for each block in the payload

    template <class A>
    void fields(A& archive) {
        archive(zero_runs, checksums);
    }
};

// Error detail of a read that met blocks whose content does not match their checksums
// (Code::corrupt).
struct BadBlocks {
    std::vector<uint32_t> blocks;

    template <class A>
    void fields(A& archive) {
        archive(blocks);
    }
};

enum class WriteKind : uint8_t {
    data = 0,
    zeros = 1,  // reads as zeros; whether space is freed is the server's choice
    punch = 2,  // reads as zeros and frees its space
};

struct WriteBlocksRequest {
    ChunkTag tag;
    WriteKind kind = WriteKind::data;
    uint64_t sequence = 0;  // of this client's requests: for traces
    uint32_t first_block = 0;
    uint32_t block_count = 0;
    std::vector<uint64_t> checksums;  // one a block of data; empty for zeros and punch
    // To be answered as a flush that follows it would be.
    bool durable = false;

    template <class A>
    void fields(A& archive) {
        archive(tag, kind, sequence, first_block, block_count, checksums, durable);
    }
};

struct WriteBlocksReply {
    // The write, and all that this server acknowledged before it, is on stable media.
    bool durable = false;

    template <class A>
    void fields(A& archive) {
        archive(durable);
    }
};

// Answered when everything this server acknowledged before, for any chunk, is on stable media. Each
// tag is checked as in a write; one that is refused fails the whole request with its error.
struct FlushChunksRequest {
    std::vector<ChunkTag> tags;

    template <class A>
    void fields(A& archive) {
        archive(tags);
    }
};

constexpr uint32_t max_blocks_per_request = 256;  // 1 MiB

// Between chunk servers: the checksum of every block of a range, as the source would serve it now.
// Refused unless the source holds the chunk complete and admitted at exactly `version` or newer, or
// is the logged source of a comparison.
struct ReadTableRequest {
    ChunkId chunk;
    Version version;
    uint32_t first_block = 0;
    uint32_t block_count = 0;  // at most max_table_entries

    template <class A>
    void fields(A& archive) {
        archive(chunk, version, first_block, block_count);
    }
};
struct ReadTableReply {
    std::vector<uint64_t> checksums;  // zero_block_checksum for blocks that read as zeros

    template <class A>
    void fields(A& archive) {
        archive(checksums);
    }
};
constexpr uint32_t max_table_entries = 65536;

// Between chunk servers: blocks of a range, for a copy. The reply is a ReadBlocksReply; blocks
// whose content is bad at the source are left out of payload and zero runs and listed.
struct CopyBlocksRequest {
    ChunkId chunk;
    Version version;
    std::vector<uint32_t> blocks;  // ascending, at most max_blocks_per_request
    bool urgent = false;           // clients wait for it: it yields to nobody

    template <class A>
    void fields(A& archive) {
        archive(chunk, version, blocks, urgent);
    }
};
struct CopyBlocksReply {
    std::vector<uint32_t> blocks;     // those in the payload, ascending
    std::vector<uint64_t> checksums;  // of those
    std::vector<uint32_t> zeros;      // those that read as zeros
    std::vector<uint32_t> bad;        // those that the source cannot read

    template <class A>
    void fields(A& archive) {
        archive(blocks, checksums, zeros, bad);
    }
};

}  // namespace cairn
