// The master's orders for scrubbing: to read what a replica has on disk, and to say in few bytes
// what it holds, so that replicas can be compared. Neither changes what a replica means.
#pragma once

#include <vector>

#include "wire/order_messages.h"

namespace cairn {

// Reads from the disk, by name, what lies there from `first_block` on: headers, tables, blocks. As
// much as takes a moment: the master goes on from where the reply says. Bad blocks are told with
// the heartbeat, as those that a reader finds. A replica whose file is not there fails with
// replica_lost.
struct VerifyChunkOrder {
    OrderHeader header;
    ChunkId chunk;
    uint32_t first_block = 0;

    template <class A>
    void fields(A& archive) {
        archive(header, chunk, first_block);
    }
};
struct VerifyChunkReply {
    uint32_t next_block = 0;  // 0: this was the end
    uint32_t blocks_read = 0;
    uint32_t bad_blocks = 0;
    // Tables and headers that were not on disk what they are in memory, and are written again.
    uint32_t rewritten = 0;

    template <class A>
    void fields(A& archive) {
        archive(next_block, blocks_read, bad_blocks, rewritten);
    }
};

// A checksum over the checksums of each `blocks_per_digest` blocks, as the replica would serve them
// now: equal where content is equal. Refused unless it is complete, admitted, and at exactly
// `version`; fails with corrupt where a part of its table is lost.
struct DigestChunkOrder {
    OrderHeader header;
    ChunkId chunk;
    Version version;

    template <class A>
    void fields(A& archive) {
        archive(header, chunk, version);
    }
};
struct DigestChunkReply {
    uint32_t blocks_per_digest = 0;
    std::vector<uint64_t> digests;

    template <class A>
    void fields(A& archive) {
        archive(blocks_per_digest, digests);
    }
};

}  // namespace cairn
