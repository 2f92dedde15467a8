// What metadata servers tell each other on their own port, and what tools ask about metadata
// servers. Raft messages and snapshots travel as payloads in raft's own encoding (raft/codec.h),
// with their checksum in the body.
#pragma once

#include "wire/archive.h"
#include "wire/meta_messages.h"

namespace cairn {

// What a metadata server says of itself; goes along with every answer.
struct MdsReport {
    uint32_t commit_time_permille = 0;  // of its time spent writing the log
    uint32_t commits_per_second = 0;
    uint32_t cpu_permille = 0;
    uint64_t memory_bytes = 0;
    Duration uptime;
    std::string host_name;

    template <class A>
    void fields(A& archive) {
        archive(commit_time_permille, commits_per_second, cpu_permille, memory_bytes, uptime,
                host_name);
    }
};

// Method::raft_messages. The payload: `count` times u32 length and a message. The reply, an
// MdsReport, says that they were taken; permission_denied: the sender was removed from the cluster.
struct RaftMessagesRequest {
    uint32_t count = 0;
    uint64_t payload_checksum = 0;

    template <class A>
    void fields(A& archive) {
        archive(count, payload_checksum);
    }
};
constexpr size_t raft_messages_bytes_max = 2 << 20;

// Method::raft_snapshot: one piece of a snapshot file, in order from offset 0. The reply comes when
// the receiver holds the piece, and for the last one when the snapshot is durable and checked.
// Code::cancelled: it is not wanted (any more).
struct RaftSnapshotRequest {
    Term term;  // the master's
    LogIndex snapshot_index;
    Term snapshot_term;
    uint64_t file_size = 0;
    uint64_t offset = 0;
    uint64_t payload_checksum = 0;

    template <class A>
    void fields(A& archive) {
        archive(term, snapshot_index, snapshot_term, file_size, offset, payload_checksum);
    }
};

// Method::add_mds. Asked again for the same address before that server took part, it gives the same
// answer.
struct AddMdsRequest {
    Address peer_address;

    template <class A>
    void fields(A& archive) {
        archive(peer_address);
    }
};
struct AddMdsReply {
    ReplyHeader header;
    MdsId mds;
    ClusterId cluster;
    std::string cluster_name;

    template <class A>
    void fields(A& archive) {
        archive(header, mds, cluster, cluster_name);
    }
};

// Method::remove_mds. The reply, an EmptyReply, comes when the others do without it.
struct RemoveMdsRequest {
    MdsId mds;

    template <class A>
    void fields(A& archive) {
        archive(mds);
    }
};

// Method::transfer_master. The reply, an EmptyReply, comes when another server is the master.
struct TransferMasterRequest {
    MdsId to;  // none: whichever is most up to date

    template <class A>
    void fields(A& archive) {
        archive(to);
    }
};

}  // namespace cairn
