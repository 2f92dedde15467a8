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
    // Whom it refused, since they run from old copies of their repositories.
    std::vector<MdsId> restored_peers;
    // Its repository, while the disk has no space for more of the log.
    std::string full_disk;

    template <class A>
    void fields(A& archive) {
        archive(commit_time_permille, commits_per_second, cpu_permille, memory_bytes, uptime,
                host_name, restored_peers, full_disk);
    }
};

// How far the log of a metadata server was seen to be: so many groups of it are on stable media.
struct PeerLife {
    MdsId mds;
    uint64_t life = 0;  // of its program, when that was seen
    uint64_t sequence = 0;

    template <class A>
    void fields(A& archive) {
        archive(mds, life, sequence);
    }
};

// Method::raft_messages. The payload: `count` times u32 length and a message. The reply, an
// MdsReport, says that they were taken; permission_denied: the sender was removed from the cluster;
// behind: it was seen to have more in its log than it had at its start; instance_fenced: it is not
// where it is known to be.
struct RaftMessagesRequest {
    uint32_t count = 0;
    uint64_t payload_checksum = 0;
    // Of the sender: a server that is new, or behind, does not know it from its log yet.
    Address sender;
    // Which life of the sender's program this is, with which group of its log it began, how many
    // there are on stable media now; and what the sender has seen of others.
    uint64_t life = 0;
    uint64_t born = 0;
    uint64_t sequence = 0;
    std::vector<PeerLife> seen;

    template <class A>
    void fields(A& archive) {
        archive(count, payload_checksum, sender, life, born, sequence, seen);
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
