// What clients, tools and chunk servers ask of the master. Every reply begins with ReplyHeader; a
// client never accepts an older view after a newer one. A request that changes the catalogue
// carries a RequestHeader: the catalogue keeps each session's last answers, so that a request
// retried over a change of master gets its own answer. A server that is not the master answers
// Code::not_master; find_master tells who is, as far as it knows.
#pragma once

#include <string>
#include <vector>

#include "wire/archive.h"
#include "wire/meta_types.h"

namespace cairn {

struct ReplyHeader {
    LogIndex position;  // of the view that this reply shows
    Term term;

    template <class A>
    void fields(A& archive) {
        archive(position, term);
    }
};

struct RequestHeader {
    ClientId
        client;  // none: a tool without a session; its requests are not told apart when retried
    InstanceId instance;
    uint64_t sequence = 0;  // from 1, rising within the instance
    uint64_t answered_below =
        0;  // answers of sequences below this were received and need not be kept

    template <class A>
    void fields(A& archive) {
        archive(client, instance, sequence, answered_below);
    }
};

struct EmptyReply {
    ReplyHeader header;
    template <class A>
    void fields(A& archive) {
        archive(header);
    }
};

// --- Who is the master

struct FindMasterRequest {
    uint8_t unused = 0;
    template <class A>
    void fields(A& archive) {
        archive(unused);
    }
};
struct MdsInfo {
    MdsId mds;
    Address peer_address;  // towards metadata servers; clients use the next port
    bool voter = true;

    template <class A>
    void fields(A& archive) {
        archive(mds, peer_address, voter);
    }
};
struct FindMasterReply {
    MdsId answering;
    MdsId master;  // none: not known
    Term term;
    std::vector<MdsInfo> servers;

    template <class A>
    void fields(A& archive) {
        archive(answering, master, term, servers);
    }
};

// --- Clients

// A client of the same host and name takes over: the former instance's leases end, and it is
// fenced.
struct RegisterClientRequest {
    HostId host;
    std::string host_name;
    std::string name;  // mount point or export
    InstanceId instance;

    template <class A>
    void fields(A& archive) {
        archive(host, host_name, name, instance);
    }
};
struct RegisterClientReply {
    ReplyHeader header;
    ClientId client;
    Duration lease_timeout;

    template <class A>
    void fields(A& archive) {
        archive(header, client, lease_timeout);
    }
};
struct UnregisterClientRequest {
    RequestHeader request;
    template <class A>
    void fields(A& archive) {
        archive(request);
    }
};

// --- The tree

struct LookUpRequest {
    FileId start{1};   // the root
    std::string path;  // relative to start, components separated by '/'; empty: start itself
    bool follow_last = true;

    template <class A>
    void fields(A& archive) {
        archive(start, path, follow_last);
    }
};
struct NodeReply {
    ReplyHeader header;
    NodeAttributes node;

    template <class A>
    void fields(A& archive) {
        archive(header, node);
    }
};

struct ListDirectoryRequest {
    FileId directory;
    std::string after;  // entries follow this name, in byte order
    uint32_t limit = 1000;

    template <class A>
    void fields(A& archive) {
        archive(directory, after, limit);
    }
};
struct ListedEntry {
    std::string name;
    NodeAttributes node;

    template <class A>
    void fields(A& archive) {
        archive(name, node);
    }
};
struct ListDirectoryReply {
    ReplyHeader header;
    std::vector<ListedEntry> entries;
    bool more = false;

    template <class A>
    void fields(A& archive) {
        archive(header, entries, more);
    }
};

struct MakeNodeRequest {
    RequestHeader request;
    FileId parent;
    std::string name;
    NodeKind kind = NodeKind::file;
    uint32_t mode = 0644;
    uint32_t uid = 0;
    uint32_t gid = 0;
    std::string symlink_target;
    std::optional<uint64_t> chunk_size;  // otherwise inherited

    template <class A>
    void fields(A& archive) {
        archive(request, parent, name, kind, mode, uid, gid, symlink_target, chunk_size);
    }
};

struct RemoveNodeRequest {
    RequestHeader request;
    FileId parent;
    std::string name;
    bool directory = false;

    template <class A>
    void fields(A& archive) {
        archive(request, parent, name, directory);
    }
};

struct RenameNodeRequest {
    RequestHeader request;
    FileId from_parent;
    std::string from_name;
    FileId to_parent;
    std::string to_name;
    bool no_replace = false;

    template <class A>
    void fields(A& archive) {
        archive(request, from_parent, from_name, to_parent, to_name, no_replace);
    }
};

// Storage attributes; what is not given stays.
struct SetAttributesRequest {
    RequestHeader request;
    FileId file;
    bool recursive = false;
    std::optional<uint8_t> replicas_norm;
    std::optional<uint8_t> replicas_min;
    std::optional<FailureDomain> failure_domain;
    std::optional<uint8_t> tier;

    template <class A>
    void fields(A& archive) {
        archive(request, file, recursive, replicas_norm, replicas_min, failure_domain, tier);
    }
};

// Mode, owner, times; what is not given stays.
struct SetNodeRequest {
    RequestHeader request;
    FileId file;
    std::optional<uint32_t> mode;
    std::optional<uint32_t> uid;
    std::optional<uint32_t> gid;
    std::optional<WallTime> modified;

    template <class A>
    void fields(A& archive) {
        archive(request, file, mode, uid, gid, modified);
    }
};

// The caller holds the exclusive lease on the file, or nobody holds any.
struct TruncateFileRequest {
    RequestHeader request;
    FileId file;
    uint64_t size = 0;

    template <class A>
    void fields(A& archive) {
        archive(request, file, size);
    }
};

// --- Leases

struct OpenFileRequest {
    RequestHeader request;
    FileId file;
    LeaseMode mode = LeaseMode::shared;
    Duration timeout{0};  // 0: the cluster's (60 s)

    template <class A>
    void fields(A& archive) {
        archive(request, file, mode, timeout);
    }
};
struct OpenFileReply {
    ReplyHeader header;
    LeaseEpoch epoch;
    Duration timeout;  // counted by the client from before it asked
    NodeAttributes node;
    bool punch_hole = false;  // gen.do_punch_hole: trims free space

    template <class A>
    void fields(A& archive) {
        archive(header, epoch, timeout, node, punch_hole);
    }
};

// Prolongs all leases of the client. Not logged; answered only after leadership was confirmed since
// the request came.
struct RefreshLeasesRequest {
    ClientId client;
    InstanceId instance;
    std::vector<FileId> files;  // those that the client believes it holds

    template <class A>
    void fields(A& archive) {
        archive(client, instance, files);
    }
};
struct HeldLease {
    FileId file;
    LeaseMode mode = LeaseMode::none;  // none: ended, and logged so
    LeaseEpoch epoch;

    template <class A>
    void fields(A& archive) {
        archive(file, mode, epoch);
    }
};
struct RefreshLeasesReply {
    ReplyHeader header;
    std::vector<HeldLease> leases;  // as asked, in order
    bool punch_hole = false;        // as in OpenFileReply

    template <class A>
    void fields(A& archive) {
        archive(header, leases, punch_hole);
    }
};

// Everything is flushed, nothing is in flight.
struct CloseFileRequest {
    RequestHeader request;
    FileId file;
    LeaseEpoch epoch;
    bool wrote = false;  // the following two are news
    uint64_t size = 0;
    WallTime modified;

    template <class A>
    void fields(A& archive) {
        archive(request, file, epoch, wrote, size, modified);
    }
};

struct RevokeRequest {
    std::string host;  // name or address as shown, or a client id in digits

    template <class A>
    void fields(A& archive) {
        archive(host);
    }
};
struct RevokeReply {
    ReplyHeader header;
    uint32_t leases_ended = 0;
    uint32_t clients = 0;

    template <class A>
    void fields(A& archive) {
        archive(header, leases_ended, clients);
    }
};

// --- Chunk maps

struct ChunkMapReply {
    ReplyHeader header;
    LeaseEpoch epoch;  // of the file now: what requests carry
    std::vector<ChunkMap> chunks;
    std::vector<CsLocation> servers;  // those that the maps name
    uint8_t replicas_min = 1;

    template <class A>
    void fields(A& archive) {
        archive(header, epoch, chunks, servers, replicas_min);
    }
};

// The caller holds a lease on the file.
struct GetChunkMapRequest {
    ClientId client;
    InstanceId instance;
    FileId file;
    uint64_t first_index = 0;
    uint32_t count = 1;  // at most max_maps_per_request

    template <class A>
    void fields(A& archive) {
        archive(client, instance, file, first_index, count);
    }
};
constexpr uint32_t max_maps_per_request = 256;

// Before the first write under a lease: allocates what does not exist, marks all open for writing.
// The reply is a ChunkMapReply for these indices. no_space when a chunk cannot be placed.
struct PrepareChunksRequest {
    RequestHeader request;
    FileId file;
    LeaseEpoch epoch;
    std::vector<uint64_t> indices;

    template <class A>
    void fields(A& archive) {
        archive(request, file, epoch, indices);
    }
};

// The writer flushed these and has nothing in flight on them: their marks may go off.
struct ChunksFlushedRequest {
    RequestHeader request;
    FileId file;
    LeaseEpoch epoch;
    std::vector<std::pair<ChunkId, Version>> chunks;

    template <class A>
    void fields(A& archive) {
        archive(request, file, epoch, chunks);
    }
};

// Size and times as the holder of the exclusive lease knows them, at most once a second, and before
// data beyond the old size may be counted on. `zero_from` says that everything from there to the
// end of the chunks was punched and flushed.
struct SetFileSizeRequest {
    RequestHeader request;
    FileId file;
    LeaseEpoch epoch;
    uint64_t size = 0;
    bool punched = false;
    WallTime modified;

    template <class A>
    void fields(A& archive) {
        archive(request, file, epoch, size, punched, modified);
    }
};

// A replica did not do what its set must do. The reply is the chunk's map, with or without it
// (Code::blocked is not an error here: too few would remain, and the client waits and asks again).
struct ReportReplicaRequest {
    ClientId client;
    InstanceId instance;
    FileId file;
    LeaseEpoch epoch;
    ChunkId chunk;
    Version version;
    CsId cs;
    uint16_t code = 0;  // of the error it gave, or that the connection gave

    template <class A>
    void fields(A& archive) {
        archive(client, instance, file, epoch, chunk, version, cs, code);
    }
};

}  // namespace cairn
