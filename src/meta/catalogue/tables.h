// The catalogue's state, laid open for those who build it: the operations (through Change) and the
// snapshot. What is marked "derived" follows from the rest and is not in a snapshot.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "meta/catalogue/chunk.h"
#include "meta/catalogue/clients.h"
#include "meta/catalogue/events.h"
#include "meta/catalogue/lease.h"
#include "meta/catalogue/node.h"
#include "meta/catalogue/servers.h"
#include "meta/catalogue/settings.h"

namespace cairn::meta {

// Ids are given out in order and never used twice.
struct Counters {
    FileId next_file{2};
    ChunkId chunk_limit{1};  // every chunk id that was ever used lies below
    ClientId next_client{2049};
    CsId next_cs{1025};
    MdsId next_mds{1};

    bool operator==(const Counters&) const = default;
    template <class A>
    void fields(A& archive) {
        archive(next_file, chunk_limit, next_client, next_cs, next_mds);
    }
};

struct Totals {
    uint64_t file_bytes = 0;
    uint64_t files = 0;
    uint64_t files_with_chunks = 0;
    uint64_t replicas = 0;

    bool operator==(const Totals&) const = default;
};

struct Tables {
    ClusterId cluster;
    std::string cluster_name;
    WallTime created;
    LogIndex applied;
    uint16_t feature_level = 1;
    Counters counters;

    SparseTable<std::unique_ptr<Node>> nodes;
    SparseTable<Chunk> chunks;
    std::map<FileId, FileLease> leases;  // of files with holders or a fence
    std::map<ChunkId, Comparison> comparisons;
    std::map<CsId, CsRecord> servers;
    std::map<ClientId, ClientRecord> clients;
    std::map<MdsId, MdsRecord> metadata_servers;
    Settings settings;
    EventLog events;

    // Derived
    std::set<std::pair<FileId, ChunkId>> marks;
    std::set<std::pair<ChunkId, CsId>> joiners;
    std::map<ClientId, IdSet> leased;  // files, by holder
    Totals totals;
};

// Told before a node or a chunk changes, is made or goes away: how a snapshot keeps what it has not
// read yet.
class ChangeObserver {
  public:
    virtual ~ChangeObserver() = default;
    virtual void before_node(FileId file) = 0;
    virtual void before_chunk(ChunkId chunk) = 0;
};

}  // namespace cairn::meta
