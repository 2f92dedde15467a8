// What applying an entry changed, for the master to act on, so that its procedures need no scans.
// Pure output: a server that is not the master drops it, and a new master asks the catalogue's
// queries for what stands instead.
#pragma once

#include <vector>

#include "base/ids.h"
#include "wire/log_leases.h"

namespace cairn::meta {

struct EndedLease {
    FileId file;
    ClientId client;
    InstanceId instance;
    LeaseMode mode = LeaseMode::none;
    LeaseEpoch epoch;  // of the file, after the end
    logged::LeaseEnd reason = logged::LeaseEnd::expired;
};

struct ReplicaAt {
    ChunkId chunk;
    CsId cs;

    auto operator<=>(const ReplicaAt&) const = default;
};

struct Effects {
    std::vector<std::pair<FileId, ClientId>> leases_granted;
    std::vector<EndedLease> leases_ended;
    std::vector<FileId> fenced;             // a fence began to stand, or its epoch rose
    std::vector<FileId> unfenced;           // grants go on
    std::vector<ChunkId> comparing;         // a comparison started, or started again
    std::vector<ChunkId> compared;          // it is over: admit what is not admitted
    std::vector<ChunkId> marked;            // opened for writing
    std::vector<ReplicaAt> left;            // out of their sets, not deleted: may join again
    std::vector<ReplicaAt> joined;          // began to join
    std::vector<ReplicaAt> completed;       // joined and in sync
    std::vector<ReplicaAt> to_delete;       // replicas of removed chunks
    std::vector<ReplicaAt> suspect;         // became suspect: not to be admitted before the end of
                                            // their comparison
    std::vector<FileId> removed;            // files that are gone
    std::vector<FileId> storage_changed;    // attributes of storage, these and (if recursive) below
    std::vector<CsId> servers_changed;      // made, started, or another state
    std::vector<ClientId> clients_changed;  // came, went, or another instance
    bool settings_changed = false;
    bool metadata_servers_changed = false;
    bool feature_level_changed = false;
    uint32_t events_added = 0;
};

}  // namespace cairn::meta
