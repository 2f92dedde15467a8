// What must hold of a catalogue after every entry, read from the whole of it. For tests and
// fuzzers.
#pragma once

#include <algorithm>
#include <set>
#include <string>

#include "meta/catalogue/catalogue.h"

namespace cairn::meta {

namespace invariants {

inline std::string of_chunk(const Catalogue& catalogue, ChunkId id, const Chunk& chunk) {
    const Node* file = catalogue.node(chunk.file);
    if (file == nullptr || !file->is_file())
        return "a chunk's file does not exist";
    const ChunkId* mapped = file->chunks.find(chunk.index);
    if (mapped == nullptr || *mapped != id)
        return "a file does not map its chunk";
    const bool comparing = catalogue.comparison(id) != nullptr;
    std::set<CsId> distinct;
    for (const ChunkPiece& piece : chunk.pieces) {
        if (!distinct.insert(piece.cs).second)
            return "two pieces on one server";
        if (piece.since > chunk.version || piece.since.is_none())
            return "a piece counts from a version to come";
        if (piece.suspect && (!comparing || !piece.in_sync()))
            return "a suspect without a comparison";
        if (!catalogue.server(piece.cs)->chunks.contains(id.number))
            return "a server does not know its piece";
        if (catalogue.joiners().contains({id, piece.cs}) == piece.in_sync())
            return "the index of joiners is wrong";
        if (comparing && !piece.in_sync())
            return "a joiner in a comparison";
    }
    if (chunk.in_sync_count() == 0)
        return "no replica is in sync";
    if (catalogue.marks().contains({chunk.file, id}) != chunk.marked)
        return "the index of marks is wrong";
    const FileLease* lease = catalogue.lease(chunk.file);
    const bool writer = lease != nullptr && lease->mode == LeaseMode::exclusive;
    if (chunk.marked && !writer && !comparing)
        return "a mark without a writer or a comparison";
    if (const Comparison* running = catalogue.comparison(id);
        running != nullptr && !running->source.is_none() && !distinct.contains(running->source))
        return "a source outside its set";
    return {};
}

inline std::string of_lease(const Catalogue& catalogue, FileId file, const FileLease& lease) {
    if (catalogue.node(file) == nullptr)
        return "a lease on a file that is gone";
    if ((lease.mode == LeaseMode::none) != lease.holders.empty())
        return "a lease without holders";
    if (lease.mode == LeaseMode::none && !lease.fence)
        return "an idle lease is kept";
    if (lease.mode == LeaseMode::exclusive && lease.holders.size() != 1)
        return "two writers";
    for (const LeaseHolder& held : lease.holders) {
        const ClientRecord* client = catalogue.client(held.client);
        if (client == nullptr || client->instance != held.instance)
            return "a holder that is not registered";
        const auto files = catalogue.leases_of(held.client);
        if (std::ranges::find(files, file) == files.end())
            return "the index of leases is wrong";
    }
    return {};
}

inline std::string of_node(const Catalogue& catalogue, FileId file, const Node& node) {
    if (node.name == nullptr) {
        const FileLease* lease = catalogue.lease(file);
        if (file != root_file && (lease == nullptr || lease->mode == LeaseMode::none))
            return "a removed file that nobody has open";
        return {};
    }
    const Node* parent = catalogue.node(node.parent);
    if (parent == nullptr || !parent->is_directory())
        return "a node outside a directory";
    const auto entry = parent->entries->find(*node.name);
    if (entry == parent->entries->end() || entry->second != file || &entry->first != node.name)
        return "a directory does not name its node";
    return {};
}

}  // namespace invariants

// Empty, or what does not hold.
[[nodiscard]] inline std::string broken_invariant(const Catalogue& catalogue) {
    std::string broken;
    const auto note = [&](std::string what) {
        if (broken.empty())
            broken = std::move(what);
    };
    Totals totals;
    catalogue.chunks().for_each([&](uint64_t id, const Chunk& chunk) {
        note(invariants::of_chunk(catalogue, ChunkId(id), chunk));
        totals.replicas += chunk.pieces.size();
    });
    size_t held = 0;
    for (const auto& [file, lease] : catalogue.leases()) {
        note(invariants::of_lease(catalogue, file, lease));
        held += lease.holders.size();
    }
    size_t entries = 1;
    catalogue.tables().nodes.for_each([&](uint64_t file, const std::unique_ptr<Node>& node) {
        note(invariants::of_node(catalogue, FileId(file), *node));
        entries += node->name != nullptr ? 1 : 0;
        totals.files += node->is_file() ? 1 : 0;
        totals.file_bytes += node->is_file() ? node->size : 0;
        totals.files_with_chunks += node->chunks.empty() ? 0 : 1;
    });
    size_t indexed = 0;
    for (const auto& [cs, record] : catalogue.servers())
        indexed += record.chunks.size();
    size_t leased = 0;
    for (const auto& [client, files] : catalogue.tables().leased)
        leased += files.size();
    if (indexed != totals.replicas || totals != catalogue.totals())
        note("the totals are wrong");
    if (leased != held)
        note("the index of leases holds too much");
    for (const auto& [id, comparison] : catalogue.comparisons())
        if (catalogue.chunk(id) == nullptr)
            note("a comparison of a chunk that is gone");
    for (const auto& [id, cs] : catalogue.joiners())
        if (catalogue.chunk(id) == nullptr)
            note("a joiner of a chunk that is gone");
    for (const auto& [file, id] : catalogue.marks())
        if (catalogue.chunk(id) == nullptr)
            note("a mark of a chunk that is gone");
    return broken;
}

}  // namespace cairn::meta
