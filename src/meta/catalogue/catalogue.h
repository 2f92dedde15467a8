// Catalogue: the state that the replicated log builds, in memory: the tree, chunks, leases,
// servers, clients, settings, events. A metadata server owns one and changes it only by applying
// entries (meta/operations/apply.h); everything here reads. Pure: the same entries give the same
// catalogue on every server. What is true only now (who answers, timers, progress) is not in it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meta/catalogue/tables.h"
#include "wire/meta_messages.h"

namespace cairn::meta {

class Catalogue {
  public:
    // Empty: a root directory with replicas=1:1 and failure-domain=host (REP-003, REP-017).
    Catalogue();
    Catalogue(const Catalogue&) = delete;
    Catalogue& operator=(const Catalogue&) = delete;

    [[nodiscard]] const ClusterId& cluster() const { return tables_.cluster; }
    [[nodiscard]] const std::string& cluster_name() const { return tables_.cluster_name; }
    [[nodiscard]] LogIndex applied() const { return tables_.applied; }
    [[nodiscard]] uint16_t feature_level() const { return tables_.feature_level; }
    [[nodiscard]] const Settings& settings() const { return tables_.settings; }
    [[nodiscard]] const EventLog& events() const { return tables_.events; }
    [[nodiscard]] const Counters& counters() const { return tables_.counters; }
    [[nodiscard]] const Totals& totals() const { return tables_.totals; }

    // --- The tree
    [[nodiscard]] const Node* node(FileId file) const;
    [[nodiscard]] size_t node_count() const { return tables_.nodes.size(); }
    // `path` is relative to `start`, or to the root if it begins with '/'; "." and ".." are
    // understood. `follow_last` follows a symbolic link at the end, too.
    [[nodiscard]] Result<FileId> look_up(FileId start, std::string_view path,
                                         bool follow_last) const;
    [[nodiscard]] Result<NodeAttributes> attributes(FileId file) const;
    [[nodiscard]] Result<std::string> symlink_target(FileId file) const;
    // Entries after the name `after`, in byte order; the reply's header is left to the caller.
    [[nodiscard]] Result<ListDirectoryReply> list(FileId directory, std::string_view after,
                                                  uint32_t limit) const;
    // "/dir/file"; a removed file that is still open has none, and says so.
    [[nodiscard]] std::string path_of(FileId file) const;

    // --- Leases
    [[nodiscard]] const FileLease* lease(FileId file) const;
    [[nodiscard]] const std::map<FileId, FileLease>& leases() const { return tables_.leases; }
    // Files on which a client holds a lease, ascending.
    [[nodiscard]] std::vector<FileId> leases_of(ClientId client) const;
    // All standing fences, with the epochs to confirm.
    [[nodiscard]] std::vector<std::pair<FileId, LeaseEpoch>> fences() const;
    struct FenceTargets {
        std::vector<CsId> holding;  // a piece of the file now: each confirms, or leaves its sets
        std::vector<CsId> left;     // had one: each confirms, or holds the grant back by the clock
    };
    [[nodiscard]] FenceTargets fence_targets(FileId file) const;
    // What to say in an error: "client 2051 at host7 (/mnt/stor1)".
    [[nodiscard]] std::string client_text(ClientId client) const;

    // --- Chunks
    [[nodiscard]] const Chunk* chunk(ChunkId chunk) const;
    [[nodiscard]] const SparseTable<Chunk>& chunks() const { return tables_.chunks; }
    // Pieces on servers that are not being removed: as many as the norm is right.
    [[nodiscard]] uint32_t staying(const Chunk& chunk) const;
    [[nodiscard]] ChunkMap map_of(ChunkId chunk) const;  // of a chunk that exists
    // Maps of `count` indices; those without a chunk have id none. The header is left to the
    // caller.
    [[nodiscard]] Result<ChunkMapReply> chunk_maps(FileId file, uint64_t first_index,
                                                   uint32_t count) const;
    [[nodiscard]] Result<ChunkMapReply> chunk_maps(FileId file,
                                                   const std::vector<uint64_t>& indices) const;
    [[nodiscard]] const std::map<ChunkId, Comparison>& comparisons() const {
        return tables_.comparisons;
    }
    [[nodiscard]] const Comparison* comparison(ChunkId chunk) const;
    [[nodiscard]] const std::set<std::pair<ChunkId, CsId>>& joiners() const {
        return tables_.joiners;
    }
    [[nodiscard]] const std::set<std::pair<FileId, ChunkId>>& marks() const {
        return tables_.marks;
    }

    // --- Servers and clients
    [[nodiscard]] const std::map<CsId, CsRecord>& servers() const { return tables_.servers; }
    [[nodiscard]] const CsRecord* server(CsId cs) const;
    [[nodiscard]] const std::map<MdsId, MdsRecord>& metadata_servers() const {
        return tables_.metadata_servers;
    }
    [[nodiscard]] const std::map<ClientId, ClientRecord>& clients() const {
        return tables_.clients;
    }
    [[nodiscard]] const ClientRecord* client(ClientId client) const;

    // Equal on servers that applied the same log (I3). Reads everything: for tests and checks.
    [[nodiscard]] uint64_t digest() const;

    // Tells `observer` of changes to come until it is taken away; at most a few at a time.
    void observe(ChangeObserver* observer);
    void stop_observing(ChangeObserver* observer);

    // For Change and the snapshot alone.
    [[nodiscard]] Tables& tables() { return tables_; }
    [[nodiscard]] const Tables& tables() const { return tables_; }
    [[nodiscard]] const std::vector<ChangeObserver*>& observers() const { return observers_; }

  private:
    Tables tables_;
    std::vector<ChangeObserver*> observers_;
};

}  // namespace cairn::meta
