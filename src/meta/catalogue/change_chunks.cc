// How an entry changes chunks, leases and events.
#include <algorithm>
#include <fmt/core.h>

#include "meta/catalogue/change.h"

namespace cairn::meta {

void Change::tell_chunk(ChunkId chunk) {
    for (ChangeObserver* observer : catalogue.observers())
        observer->before_chunk(chunk);
}

Result<const Chunk*> Change::find_chunk(ChunkId chunk, Version version) const {
    const Chunk* found = catalogue.chunk(chunk);
    if (found == nullptr)
        return Error(Code::not_found, fmt::format("chunk {} does not exist", chunk.number));
    if (found->version != version)
        return Error(Code::stale_map, fmt::format("chunk {} has version {}, not {}", chunk.number,
                                                  found->version.number, version.number));
    return found;
}

Chunk& Change::edit_chunk(ChunkId chunk) {
    tell_chunk(chunk);
    Chunk* found = tables.chunks.find(chunk.number);
    CHECK_NOTE(found != nullptr, "a chunk that does not exist is changed");
    return *found;
}

void Change::add_chunk(ChunkId id, Chunk chunk) {
    tell_chunk(id);
    Node& node = edit_node(chunk.file);
    if (node.chunks.empty())
        tables.totals.files_with_chunks++;
    node.chunks.insert(chunk.index, id);
    for (const ChunkPiece& piece : chunk.pieces)
        tables.servers.at(piece.cs).chunks.insert(id.number);
    tables.totals.replicas += chunk.pieces.size();
    if (chunk.marked)
        tables.marks.emplace(chunk.file, id);
    tables.chunks.insert(id.number, std::move(chunk));
}

void Change::remove_chunk(ChunkId chunk) {
    Chunk& gone = edit_chunk(chunk);
    for (const ChunkPiece& piece : gone.pieces) {
        effects.to_delete.push_back({chunk, piece.cs});
        tables.servers.at(piece.cs).chunks.erase(chunk.number);
        tables.joiners.erase({chunk, piece.cs});
    }
    tables.totals.replicas -= gone.pieces.size();
    tables.marks.erase({gone.file, chunk});
    tables.comparisons.erase(chunk);
    Node& node = edit_node(gone.file);
    node.chunks.erase(gone.index);
    if (node.chunks.empty())
        tables.totals.files_with_chunks--;
    tables.chunks.erase(chunk.number);
}

void Change::add_piece(ChunkId id, Chunk& chunk, const ChunkPiece& piece) {
    chunk.pieces.add(piece);
    tables.servers.at(piece.cs).chunks.insert(id.number);
    tables.totals.replicas++;
    if (!piece.in_sync()) {
        tables.joiners.emplace(id, piece.cs);
        effects.joined.push_back({id, piece.cs});
    }
}

void Change::remove_piece(ChunkId id, Chunk& chunk, CsId cs) {
    chunk.pieces.remove(cs);
    tables.servers.at(cs).chunks.erase(id.number);
    tables.totals.replicas--;
    tables.joiners.erase({id, cs});
    effects.left.push_back({id, cs});
    const auto lease = tables.leases.find(chunk.file);
    if (lease == tables.leases.end())
        return;
    // It was in maps that the holders were given, and may still serve them.
    std::vector<CsId>& left = lease->second.left;
    const auto at = std::ranges::lower_bound(left, cs);
    if (at == left.end() || *at != cs)
        left.insert(at, cs);
}

void Change::complete_piece(ChunkId id, Chunk& chunk, CsId cs) {
    chunk.pieces.find(cs)->state = PieceState::in_sync;
    tables.joiners.erase({id, cs});
    effects.completed.push_back({id, cs});
}

void Change::set_mark(ChunkId id, bool marked) {
    Chunk& chunk = edit_chunk(id);
    chunk.marked = marked;
    if (!marked) {
        tables.marks.erase({chunk.file, id});
        return;
    }
    tables.marks.emplace(chunk.file, id);
    effects.marked.push_back(id);
}

Result<void> Change::check_writer(FileId file, ClientId client, InstanceId instance,
                                  LeaseEpoch epoch) const {
    const Result<const Node*> node = find_file(file);
    if (!node)
        return node.error();
    const FileLease* lease = catalogue.lease(file);
    if (lease == nullptr || lease->mode != LeaseMode::exclusive ||
        !lease->held_by(client, instance) || (*node)->epoch != epoch)
        return Error(
            Code::lease_lost,
            fmt::format("{} does not hold the exclusive lease on {} under epoch {}",
                        catalogue.client_text(client), catalogue.path_of(file), epoch.number));
    return {};
}

void Change::add_holder(FileId file, LeaseMode mode, const LeaseHolder& holder) {
    FileLease& lease = tables.leases[file];
    lease.mode = mode;
    const auto at =
        std::ranges::lower_bound(lease.holders, holder.client, {}, &LeaseHolder::client);
    if (at != lease.holders.end() && at->client == holder.client)
        *at = holder;
    else
        lease.holders.insert(at, holder);
    tables.leased[holder.client].insert(file.number);
    effects.leases_granted.emplace_back(file, holder.client);
}

void Change::remove_holder(FileId file, ClientId client) {
    FileLease& lease = tables.leases.at(file);
    std::erase_if(lease.holders, [client](const LeaseHolder& h) { return h.client == client; });
    if (lease.holders.empty())
        lease.mode = LeaseMode::none;
    const auto leased = tables.leased.find(client);
    leased->second.erase(file.number);
    if (leased->second.empty())
        tables.leased.erase(leased);
}

void Change::drop_lease_if_idle(FileId file) {
    const auto lease = tables.leases.find(file);
    if (lease != tables.leases.end() && lease->second.mode == LeaseMode::none &&
        !lease->second.fence)
        tables.leases.erase(lease);
}

void Change::add_event(const logged::AddEvent& event) {
    tables.events.add(now, event.system, event.severity, event.text);
    effects.events_added++;
}

}  // namespace cairn::meta
