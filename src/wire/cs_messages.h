// What chunk servers tell the master. A start is cs_start, then cs_chunks until all are told, then
// cs_ready; the same again towards each new master, with `fresh_start` false if the process did not
// restart in between.
#pragma once

#include <string>
#include <vector>

#include "wire/archive.h"
#include "wire/meta_types.h"

namespace cairn {

struct MakeCsRequest {
    HostId host;
    std::string host_name;
    std::string repository;
    uint8_t tier = 0;

    template <class A>
    void fields(A& archive) {
        archive(host, host_name, repository, tier);
    }
};
struct MakeCsReply {
    CsId cs;
    ClusterId cluster;

    template <class A>
    void fields(A& archive) {
        archive(cs, cluster);
    }
};

struct CsSpace {
    uint64_t total = 0;
    uint64_t free = 0;
    uint64_t filesystem = 0;  // chunk servers of one host with equal values share the space

    template <class A>
    void fields(A& archive) {
        archive(total, free, filesystem);
    }
};

// cumulative since the process started; rates are the master's differences
struct CsCounters {
    uint64_t read_bytes = 0;
    uint64_t read_operations = 0;
    uint64_t write_bytes = 0;
    uint64_t write_operations = 0;
    uint64_t flush_operations = 0;
    uint64_t bad_blocks = 0;
    uint64_t repair_read_bytes = 0;   // for copies elsewhere
    uint64_t repair_write_bytes = 0;  // of copies here
    uint64_t verified_chunks = 0;     // by scrubbing, to their ends
    uint64_t verified_bytes = 0;
    uint64_t rewritten = 0;  // tables and headers that were bad on disk and good in memory
    ChunkId last_verified;
    uint32_t io_wait_percent = 0;     // of the last 5 s
    uint32_t latency_average_us = 0;  // of the last 20 s
    uint32_t latency_maximum_us = 0;
    uint32_t queue_depth_tenths = 0;  // average of the last 5 s, times ten
    uint32_t chunks = 0;

    template <class A>
    void fields(A& archive) {
        archive(read_bytes, read_operations, write_bytes, write_operations, flush_operations,
                bad_blocks, repair_read_bytes, repair_write_bytes, verified_chunks, verified_bytes,
                rewritten, last_verified, io_wait_percent, latency_average_us, latency_maximum_us,
                queue_depth_tenths, chunks);
    }
};

constexpr uint32_t cs_flag_journal = 1;          // J
constexpr uint32_t cs_flag_checksums = 2;        // C
constexpr uint32_t cs_flag_direct = 4;           // D
constexpr uint32_t cs_flag_clean_journal = 8;    // c
constexpr uint32_t cs_flag_io_error = 16;        // H
constexpr uint32_t cs_flag_checksum_error = 32;  // h

struct CsStartRequest {
    CsId cs;
    HostId host;
    std::string host_name;
    Address address;  // where it serves
    std::string repository;
    uint8_t tier = 0;
    uint64_t integrity_sequence = 0;
    uint64_t sync_epoch = 0;
    uint64_t start_mark = 0;  // drawn at each start
    bool fresh_start =
        true;  // no master has heard of this start yet, as far as the chunk server knows
    LogIndex highest_position;
    std::string build_version;
    CsSpace space;
    uint32_t flags = 0;
    uint64_t boot_id = 0;  // of its machine
    // Of the last start that a master accepted, as far as its repository knows, and of those since:
    // one that does not know the last one is an old copy.
    std::vector<uint64_t> earlier_marks;

    template <class A>
    void fields(A& archive) {
        archive(cs, host, host_name, address, repository, tier, integrity_sequence, sync_epoch,
                start_mark, fresh_start, highest_position, build_version, space, flags, boot_id,
                earlier_marks);
    }
};
struct CsStartReply {
    LogIndex position;
    Term term;

    template <class A>
    void fields(A& archive) {
        archive(position, term);
    }
};

struct HeldChunk {
    ChunkId chunk;
    Version version;
    bool complete = true;  // false: joining, or a join was cut short
    bool admitted = true;

    template <class A>
    void fields(A& archive) {
        archive(chunk, version, complete, admitted);
    }
};
struct CsChunksRequest {
    CsId cs;
    uint64_t sync_epoch = 0;
    std::vector<HeldChunk> chunks;  // at most 10 000, ascending over all requests of one start

    template <class A>
    void fields(A& archive) {
        archive(cs, sync_epoch, chunks);
    }
};
// All chunks were told. The reply to this comes when the master has decided on each: those to be
// admitted were admitted by an order before it.
struct CsReadyRequest {
    CsId cs;
    uint64_t sync_epoch = 0;
    uint64_t chunk_count = 0;

    template <class A>
    void fields(A& archive) {
        archive(cs, sync_epoch, chunk_count);
    }
};

// An answer that says only that it was done.
struct NoReply {
    template <class A>
    void fields(A&) {}
};

// A chunk that clients ask a server for, and how much of all that they ask it for is for this one.
struct HotChunk {
    ChunkId chunk;
    uint32_t share_permille = 0;

    bool operator==(const HotChunk&) const = default;
    template <class A>
    void fields(A& archive) {
        archive(chunk, share_permille);
    }
};

struct CsHeartbeatRequest {
    CsId cs;
    uint64_t sync_epoch = 0;
    CsSpace space;
    CsCounters counters;
    uint32_t flags = 0;
    // Blocks found bad since the last heartbeat that was answered.
    std::vector<std::pair<ChunkId, uint32_t>> bad_blocks;
    std::vector<ChunkId> lost;      // their files have vanished; told until the replicas are gone
    std::vector<HotChunk> hottest;  // a few, the hottest first

    template <class A>
    void fields(A& archive) {
        archive(cs, sync_epoch, space, counters, flags, bad_blocks, lost, hottest);
    }
};
struct CsHeartbeatReply {
    LogIndex position;
    Term term;
    bool register_again = false;           // this master does not know the server's chunks
    uint64_t repair_bytes_per_second = 0;  // that it may copy for repair; 0: no limit

    template <class A>
    void fields(A& archive) {
        archive(position, term, register_again, repair_bytes_per_second);
    }
};

}  // namespace cairn
