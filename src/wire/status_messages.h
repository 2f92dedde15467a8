// What tools ask a master about the cluster: its state, its events, its settings, the chunks of a
// file.
#pragma once

#include <string>
#include <vector>

#include "wire/archive.h"
#include "wire/cs_messages.h"
#include "wire/meta_messages.h"

namespace cairn {

struct GetStatusRequest {
    uint8_t unused = 0;
    template <class A>
    void fields(A& archive) {
        archive(unused);
    }
};

struct MdsStatus {
    MdsId mds;
    Address address;
    bool voter = true;
    bool master = false;
    bool available = false;             // it took part lately
    uint32_t commit_time_permille = 0;  // of its time spent writing the log
    uint32_t commits_per_second = 0;
    uint32_t cpu_permille = 0;
    uint64_t memory_bytes = 0;
    Duration uptime;
    std::string host_name;

    template <class A>
    void fields(A& archive) {
        archive(mds, address, voter, master, available, commit_time_permille, commits_per_second,
                cpu_permille, memory_bytes, uptime, host_name);
    }
};

enum class CsShownState : uint8_t { active = 1, inactive = 2, offline = 3 };

struct CsStatus {
    CsId cs;
    CsShownState state = CsShownState::inactive;
    HostId host;
    std::string host_name;
    Address address;
    std::string repository;
    uint8_t tier = 0;
    CsSpace space;
    CsCounters counters;
    uint32_t replicas = 0;
    uint32_t unique = 0;  // replicas that exist only there
    uint32_t flags = 0;
    std::string build_version;
    Duration silent;       // since it was last heard
    bool removal = false;  // it is drained, or was dropped

    template <class A>
    void fields(A& archive) {
        archive(cs, state, host, host_name, address, repository, tier, space, counters, replicas,
                unique, flags, build_version, silent, removal);
    }
};

// Each chunk counts in exactly one state.
struct ChunkCounts {
    uint64_t healthy = 0;
    uint64_t standby = 0;
    uint64_t degraded = 0;
    uint64_t urgent = 0;
    uint64_t blocked = 0;
    uint64_t pending = 0;
    uint64_t offline = 0;
    uint64_t replicating = 0;
    uint64_t overcommitted = 0;
    uint64_t deleting = 0;
    uint64_t void_chunks = 0;

    template <class A>
    void fields(A& archive) {
        archive(healthy, standby, degraded, urgent, blocked, pending, offline, replicating,
                overcommitted, deleting, void_chunks);
    }
};

// Of putting back replicas that are missing, and of emptying servers that are being removed.
struct RecoveryStatus {
    bool halted = false;   // more servers or hosts are offline than the settings allow
    uint64_t queued = 0;   // chunks that lack replicas and may get them
    uint64_t running = 0;  // copies under way
    uint64_t nowhere = 0;  // of the queued: no chunk server has room, or stands in another domain
    uint64_t read_bytes_per_second = 0;
    uint64_t write_bytes_per_second = 0;
    Duration left;  // at the pace of the last minute; 0: not known

    template <class A>
    void fields(A& archive) {
        archive(halted, queued, running, nowhere, read_bytes_per_second, write_bytes_per_second,
                left);
    }
};

// Of the chunk servers' request queues, and of moving hot chunks to shorter ones.
struct QueueStatus {
    uint32_t average_tenths = 0;  // of the last 60 s
    uint32_t maximum_tenths = 0;
    uint32_t hot = 0;  // servers, when hot ones were last found
    uint32_t balanced = 0;
    Duration since;  // then; 0: never by this master

    template <class A>
    void fields(A& archive) {
        archive(average_tenths, maximum_tenths, hot, balanced, since);
    }
};

enum class ShownClusterStatus : uint8_t { unknown = 0, healthy = 1, degraded = 2, failure = 3 };

struct ClusterStatusReply {
    ReplyHeader header;
    MdsId answering;
    std::string cluster_name;
    ClusterId cluster;
    ShownClusterStatus status = ShownClusterStatus::unknown;
    Duration epoch_uptime;
    uint64_t allocatable = 0;  // what may still be written, with the root's replicas
    uint64_t allocatable_total = 0;
    uint64_t free = 0;
    uint64_t total = 0;
    uint8_t replicas_norm = 1;  // of the root
    uint8_t replicas_min = 1;
    uint64_t read_bytes_per_second = 0;
    uint64_t read_operations_per_second = 0;
    uint64_t write_bytes_per_second = 0;
    uint64_t write_operations_per_second = 0;
    uint64_t file_bytes = 0;
    uint64_t files = 0;
    uint64_t inodes = 0;
    uint64_t file_maps = 0;
    uint64_t chunks = 0;
    uint64_t chunk_replicas = 0;
    uint64_t joining = 0;  // replicas that are being brought up to date, or wait for it
    RecoveryStatus recovery;
    // By this master: chunks whose replicas were compared by digest, those that differed, and those
    // that differ now without anybody knowing which replica is right.
    uint64_t digests_compared = 0;
    uint64_t digests_differed = 0;
    uint64_t chunks_undecided = 0;
    ChunkCounts chunk_counts;
    std::vector<MdsStatus> metadata_servers;
    std::vector<CsStatus> chunk_servers;
    QueueStatus queues;

    template <class A>
    void fields(A& archive) {
        archive(header, answering, cluster_name, cluster, status, epoch_uptime, allocatable,
                allocatable_total, free, total, replicas_norm, replicas_min, read_bytes_per_second,
                read_operations_per_second, write_bytes_per_second, write_operations_per_second,
                file_bytes, files, inodes, file_maps, chunks, chunk_replicas, joining, recovery,
                digests_compared, digests_differed, chunks_undecided, chunk_counts,
                metadata_servers, chunk_servers, queues);
    }
};

enum class CsRemoval : uint8_t {
    drain = 1,   // what it holds is made on others, then it is removed
    cancel = 2,  // it stays
    force = 3,   // it is lost
};
struct RemoveCsRequest {
    CsId cs;
    CsRemoval removal = CsRemoval::drain;
    bool accept_loss = false;  // of force: what nobody else holds may be forgotten

    template <class A>
    void fields(A& archive) {
        archive(cs, removal, accept_loss);
    }
};
struct RemoveCsReply {
    ReplyHeader header;
    MdsId answering;
    uint64_t replicas = 0;  // that it holds now
    uint64_t unique = 0;    // of force: that nobody else holds
    bool refused = false;   // of force: nothing was done, because of these

    template <class A>
    void fields(A& archive) {
        archive(header, answering, replicas, unique, refused);
    }
};

struct GetEventsRequest {
    uint32_t limit = 1000;  // the newest

    template <class A>
    void fields(A& archive) {
        archive(limit);
    }
};
struct ShownEvent {
    WallTime time;
    std::string system;    // MDS, JRN, MON
    std::string severity;  // INF, WRN, ERR
    std::string text;

    template <class A>
    void fields(A& archive) {
        archive(time, system, severity, text);
    }
};
struct EventsReply {
    ReplyHeader header;
    MdsId answering;
    std::vector<ShownEvent> events;  // oldest first

    template <class A>
    void fields(A& archive) {
        archive(header, answering, events);
    }
};

struct GetConfigRequest {
    std::string name;  // empty: all

    template <class A>
    void fields(A& archive) {
        archive(name);
    }
};
struct ConfigReply {
    ReplyHeader header;
    MdsId answering;
    std::vector<std::pair<std::string, std::string>> values;

    template <class A>
    void fields(A& archive) {
        archive(header, answering, values);
    }
};
struct SetConfigRequest {
    std::string name;
    std::string value;

    template <class A>
    void fields(A& archive) {
        archive(name, value);
    }
};

struct MapFileRequest {
    std::string path;
    uint64_t first_index = 0;
    uint32_t count = 256;

    template <class A>
    void fields(A& archive) {
        archive(path, first_index, count);
    }
};
struct ShownPiece {
    CsId cs;
    std::string
        state;  // in sync, joining, suspect, and the server's state where that is not active
    Version since;
    Address address;

    template <class A>
    void fields(A& archive) {
        archive(cs, state, since, address);
    }
};
struct ShownChunk {
    uint64_t index = 0;
    ChunkId chunk;
    Version version;
    std::string state;  // healthy, degraded, ...
    bool marked = false;
    bool comparing = false;
    std::vector<ShownPiece> pieces;

    template <class A>
    void fields(A& archive) {
        archive(index, chunk, version, state, marked, comparing, pieces);
    }
};
struct MapFileReply {
    ReplyHeader header;
    NodeAttributes node;
    std::string lease;  // who holds it, for people; empty: nobody
    std::vector<ShownChunk> chunks;
    bool more = false;

    template <class A>
    void fields(A& archive) {
        archive(header, node, lease, chunks, more);
    }
};

}  // namespace cairn
