// Change: one log entry being applied. It is the only way to change nodes, chunks and leases: it
// keeps the derived tables true, tells the snapshot before something changes, and gathers the
// effects. Operations (meta/operations/) check and decide; the rules of replica sets are in
// meta/catalogue/chunk_rules.h, those of leases in lease_rules.h. Lives while the entry is applied.
#pragma once

#include <string_view>

#include "meta/catalogue/catalogue.h"
#include "meta/catalogue/effects.h"
#include "meta/rules.h"

namespace cairn::meta {

class Change {
  public:
    Change(Catalogue& changed, const Rules& kept_rules, WallTime proposed)
        : catalogue(changed), tables(changed.tables()), rules(kept_rules), now(proposed) {}

    Catalogue& catalogue;
    Tables& tables;  // nodes, chunks and leases change only through this class
    const Rules& rules;
    const WallTime now;  // the proposer's
    Effects effects;

    // --- Nodes
    [[nodiscard]] Result<const Node*> find_node(FileId file) const;
    [[nodiscard]] Result<const Node*> find_directory(FileId file) const;
    [[nodiscard]] Result<const Node*> find_file(FileId file) const;
    [[nodiscard]] Node& edit_node(FileId file);  // of a node that exists
    // A node without a name yet, with everything inherited from `parent`.
    Node& add_node(FileId file, NodeKind kind, const Node& parent);
    void link(FileId parent, const std::string& name, FileId child);
    void unlink(FileId child);
    // Takes away a file that has no name, when nobody has it open.
    void free_if_unused(FileId file);
    void set_size(Node& node, uint64_t size);

    // --- Chunks
    // The chunk, if its version is the one that the proposer saw.
    [[nodiscard]] Result<const Chunk*> find_chunk(ChunkId chunk, Version version) const;
    [[nodiscard]] Chunk& edit_chunk(ChunkId chunk);  // of a chunk that exists
    void add_chunk(ChunkId id, Chunk chunk);
    void remove_chunk(ChunkId chunk);
    void add_piece(ChunkId id, Chunk& chunk, const ChunkPiece& piece);
    void remove_piece(ChunkId id, Chunk& chunk, CsId cs);
    void complete_piece(ChunkId id, Chunk& chunk, CsId cs);
    void set_mark(ChunkId id, bool marked);

    // --- Leases
    // The lease of a file that `client` holds exclusively under `epoch`.
    [[nodiscard]] Result<void> check_writer(FileId file, ClientId client, InstanceId instance,
                                            LeaseEpoch epoch) const;
    void add_holder(FileId file, LeaseMode mode, const LeaseHolder& holder);
    void remove_holder(FileId file, ClientId client);
    // Takes the lease record away when nobody holds it and no fence stands.
    void drop_lease_if_idle(FileId file);

    void add_event(const logged::AddEvent& event);

  private:
    void tell_node(FileId file);
    void tell_chunk(ChunkId chunk);
    void remove_node(FileId file);
};

// A name for an entry of a directory, or what is wrong with it.
[[nodiscard]] Result<void> check_name(std::string_view name);

}  // namespace cairn::meta
